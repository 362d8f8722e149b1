import type { IncomingHttpHeaders } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { CodedError } from '../../errors.ts'
import { socketPath } from '../../wire/events.ts'
import { endWithin } from '../drain.ts'
import type { FollowingParts } from '../following.ts'
import { refuseHandshake } from '../refuse.ts'
import type { SliceWriter } from '../slice-writer.ts'
import { CompressedLosses } from './compressed-losses.ts'
import { asciiFrame, textFrame } from './frames.ts'
import { agree } from './handshake.ts'
import { own } from './owner.ts'
import { connectPacket, openPackets, pingPacket } from './packets.ts'
import { messageBytesMax, Session, type SessionParts } from './session.ts'

/** Engine.IO's own timing: how often a client hears from us, and how long it then waits for more. */
const pingMsPreset = 25_000
const pingTimeout = 20_000
/** Sessions are visited in turn, each once between two pings. */
const turns = 25
const closeMsMax = 2_000

const pingFrame = textFrame(pingPacket)
const nothing = Buffer.alloc(0)

/** A request for a websocket, whoever parsed it. */
export interface UpgradeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly socket: Duplex & { readonly remoteAddress?: string | undefined }
}

/** The sessions that are visited together, and what they share. */
interface Turn {
  readonly sessions: Set<Session>
  readonly parts: SessionParts
}

export interface WebsocketOptions extends FollowingParts {
  /** Whether messages are compressed for those who offer it. */
  readonly compress: boolean
  readonly writer: SliceWriter
  readonly makeId: () => string
  readonly pingMs?: number
}

/**
 * Clients of Socket.IO that come by websocket at once, as one that names it as its only transport does. Those who begin
 * with long polling are Socket.IO's own server's, also once they have upgraded.
 */
export class Websockets {
  readonly #options: WebsocketOptions
  readonly #turns: readonly Turn[]
  readonly #timer: NodeJS.Timeout
  readonly #pingMs: number
  readonly #openPacket: (sid: string) => string
  readonly #losses = new CompressedLosses()
  #turn = 0
  #opened = 0

  constructor(options: WebsocketOptions) {
    this.#options = options
    this.#pingMs = options.pingMs ?? pingMsPreset
    this.#openPacket = openPackets({ pingInterval: this.#pingMs, pingTimeout }, messageBytesMax)
    this.#turns = Array.from({ length: turns }, () => {
      const sessions = new Set<Session>()
      const ended = (session: Session) => {
        if (!sessions.delete(session)) return
        options.admission.leave(session.address)
        if (session.lostAtCompressed) this.#losses.note(session.address, performance.now())
      }
      return { sessions, parts: { ...options, ended } }
    })
    this.#timer = setInterval(() => this.#visit(), this.#pingMs / turns).unref()
  }

  /** Clients that have said that they speak Socket.IO. */
  get count(): number {
    let connected = 0
    for (const session of this.#sessions()) if (session.connected) connected++
    return connected
  }

  get waitingBytes(): number {
    let bytes = 0
    for (const session of this.#sessions()) bytes += session.waitingBytes
    return bytes
  }

  /** Takes a request to upgrade, or refuses it with a problem. False where it is not one of these clients'. */
  take(request: UpgradeRequest, head: Buffer = nothing): boolean {
    const { socket } = request
    // Bytes go to the descriptor as they are, which must not be one of TLS.
    if (!(socket instanceof Socket) || socket instanceof TLSSocket) return false
    const query = queryOfFirst(request)
    if (query === null) return false
    const { method, headers } = request
    const agreed = agree({ method, headers, compress: this.#mayCompress(request, query) })
    if (agreed === null) return false
    // One that is gone already would never say so again, and be counted for ever.
    if (socket.destroyed) return true
    const { admission, makeId } = this.#options
    try {
      admission.requireRoom(request)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      refuseHandshake(request, error)
      return true
    }
    const address = admission.addressOf(request)
    admission.enter(address)
    const session = this.#open(socket, address, agreed.deflate)
    const open = asciiFrame(this.#openPacket(makeId()))
    const invitation = asciiFrame(connectPacket(makeId()))
    session.write(Buffer.from(`${agreed.head}${open}${invitation}`, 'latin1'))
    if (head.length > 0) session.read(head)
    return true
  }

  /** As `SocketFeed.drain`: whoever has not left within the spread is closed within as long again. */
  async drain(spreadMs: number): Promise<void> {
    const ending = [...this.#sessions()].map((session) => {
      session.steer({ action: 'reconnect', afterMs: 0, spreadMs })
      return endWithin(
        { afterMs: spreadMs, spreadMs },
        (gone) => session.onEnd(gone),
        () => session.close(),
      )
    })
    await Promise.all(ending)
  }

  close(): void {
    clearInterval(this.#timer)
    for (const session of this.#sessions()) session.close()
    // Whoever does not end the connection from its side would keep the server from closing.
    setTimeout(() => {
      for (const session of this.#sessions()) session.cutOff()
    }, closeMsMax).unref()
  }

  /** A client that compressed messages do not reach can't leave out the offer: browsers make it by themselves. */
  #mayCompress(request: UpgradeRequest, query: URLSearchParams): boolean {
    const { compress, admission } = this.#options
    if (!compress || query.get('compress') === 'off') return false
    return !this.#losses.any || !this.#losses.take(admission.addressOf(request), performance.now())
  }

  #open(socket: Socket, address: string, deflate: boolean): Session {
    const turn = this.#turns[this.#opened++ % turns]
    if (turn === undefined) throw new Error('there are turns')
    const session = new Session(socket, address, deflate, turn.parts)
    turn.sessions.add(session)
    if ((socket.timeout ?? 0) > 0) socket.setTimeout(0)
    own(socket, session)
    return session
  }

  *#sessions(): Generator<Session> {
    for (const { sessions } of this.#turns) yield* sessions
  }

  /** Pings the next turn's sessions, and ends those that did not answer the last ping, or never said who they are. */
  #visit(): void {
    const now = performance.now()
    this.#turn = (this.#turn + 1) % turns
    const idle: Session[] = []
    for (const session of this.#turns[this.#turn]?.sessions ?? []) {
      if (session.isOverdue(now, this.#pingMs)) session.cutOff()
      else if (!session.visited(now)) continue
      else if (session.direct() === null) session.write(pingFrame)
      else idle.push(session)
    }
    this.#options.writer.send(pingFrame, idle, (session) => session.cutOff())
  }
}

/** The parameters of a request that opens a session by websocket, in Engine.IO's protocol 4; null if it does not. */
function queryOfFirst({ url = '' }: UpgradeRequest): URLSearchParams | null {
  if (!url.startsWith(socketPath)) return null
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1))
  return query.get('transport') === 'websocket' && query.get('EIO') === '4' && !query.has('sid') ? query : null
}
