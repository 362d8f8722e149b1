import type { Logger } from 'pino'
import type { Socket } from 'socket.io'
import type { z } from 'zod'
import { CodedError, invalid } from '../errors.ts'
import { type ClientToServer, FollowRequest, type ServerToClient, type Steer, UnfollowRequest } from '../wire/events.ts'
import { limits } from '../wire/limits.ts'
import { parse } from '../wire/parse.ts'
import type { Problem } from '../wire/problem.ts'
import type { ChannelId, Offset } from '../wire/scalars.ts'
import type { Admission } from './admission.ts'
import { type Follower, stuckMsMax, type Transport } from './channel-feed.ts'
import type { Hub, Place, Start } from './hub.ts'
import type { Outgoing } from './outgoing.ts'
import { TokenBucket } from './token-bucket.ts'
import { Waiting } from './waiting.ts'

export type FollowerSocket = Socket<ClientToServer, ServerToClient>

/** Those who are sent away come back spread over this time. */
const comeBackSpreadMs = 5_000
/** A stock client does not know `steer`; its connection is closed after the spread, which makes it come back. */
const closeGraceMs = 2_000
/** Who sent too many events has a burst of ten again after this time. */
const eventsRetryMs = 1_000
/** Who reads gets through what may wait within this time, on most lines. */
const backlogRetryMs = 2_000
/** A small answer, or what an answer has besides its batch or snapshot, is reckoned so large. */
const answerBytes = 500

export function transportOf(socket: FollowerSocket): Transport {
  return socket.conn.transport.name === 'polling' ? 'polling' : 'websocket'
}

/** One client's connection and the channels that it follows. */
export class SocketConnection {
  readonly #socket: FollowerSocket
  readonly #hub: Hub
  readonly #admission: Admission
  readonly #logger: Logger
  readonly #events = new TokenBucket(limits.eventsPerSecondMax, limits.eventsBurstMax, performance.now())
  readonly #followed = new Map<ChannelId, SocketFollower>()
  readonly #waiting: Waiting
  /** A batch waits behind the one that the transport is sending; one may, and no more. */
  #full = false

  constructor(socket: FollowerSocket, hub: Hub, admission: Admission, logger: Logger) {
    this.#socket = socket
    this.#hub = hub
    this.#admission = admission
    this.#logger = logger
    this.#waiting = new Waiting(() => socket.conn.transport)
    socket.use((event, next) => {
      if (this.#isStuck()) return this.#cutOff()
      if (this.#events.take(performance.now())) return next()
      this.#refuse(event.at(-1))
    })
    socket.on('follow', (request, answer) => this.#answer(answer, () => this.#follow(request, answer)))
    socket.on('unfollow', (request, answer) => this.#answer(answer, () => this.#unfollow(request, answer)))
    socket.conn.on('drain', () => this.#drained())
    socket.on('disconnect', () => {
      for (const channel of this.#followed.keys()) this.#leave(channel)
    })
  }

  async #follow(request: unknown, answer: Parameters<ClientToServer['follow']>[1]): Promise<void> {
    const { channel, after } = parsed(FollowRequest, request)
    this.#admission.requireOpen()
    // Whoever follows again starts again: nothing more comes by the old following once the new one is asked for.
    this.#leave(channel)
    if (this.#followed.size >= limits.followedPerConnectionMax) {
      throw new CodedError(
        'too-many-followed',
        `A connection follows ${limits.followedPerConnectionMax} channels at most; unfollow one, or open another.`,
      )
    }
    const follower = new SocketFollower(this.#socket, this)
    this.#followed.set(channel, follower)
    try {
      const place = await this.#hub.join(channel, after, (start) => {
        if (this.#followed.get(channel) !== follower || !this.#socket.connected) return null
        this.#requireRoom(bytesOf(start))
        answer(answerOf(start))
        return follower
      })
      if (place === null) throw superseded()
      follower.place = place
      // It may have left between being let in and now.
      if (this.#followed.get(channel) !== follower) place.leave()
    } catch (error) {
      if (this.#followed.get(channel) === follower) this.#followed.delete(channel)
      throw error
    }
  }

  async #unfollow(request: unknown, answer: Parameters<ClientToServer['unfollow']>[1]): Promise<void> {
    this.#leave(parsed(UnfollowRequest, request).channel)
    this.#waiting.add(answerBytes)
    answer({ ok: true })
  }

  #leave(channel: ChannelId): void {
    const follower = this.#followed.get(channel)
    this.#followed.delete(channel)
    follower?.place?.leave()
  }

  get full(): boolean {
    return this.#full
  }

  get waiting(): Waiting {
    return this.#waiting
  }

  send(outgoing: Outgoing): void {
    this.#waiting.add(outgoing.frame.length)
    // Engine.IO says `drain`, within this call already, when its own buffer has gone to the transport.
    this.#full = true
    // The frame is what a websocket is sent, the packet what long polling and an upgrade under way are sent.
    // Engine.IO hands the frame to ws as it is, which takes a list of buffers.
    const options = { compress: false, wsPreEncodedFrame: [outgoing.frame] }
    this.#socket.conn.write(outgoing.packet, options)
  }

  /** Counts an answer of so many bytes as waiting. Throws where too much waits for it to be sent as well. */
  #requireRoom(bytes: number): void {
    const waiting = this.#waiting.bytes
    if (waiting > 0 && waiting + bytes > limits.waitingBytesMax) {
      this.#admission.note('backlog')
      throw new CodedError(
        'too-many-requests',
        `${waiting} bytes wait for this connection already. Read them before you follow again.`,
        { extras: { retryAfterMs: backlogRetryMs } },
      )
    }
    this.#waiting.add(bytes)
  }

  /** Whoever sends on, and takes nothing, would have ever more answers wait for it. */
  #isStuck(): boolean {
    const { sinceMs } = this.#waiting
    return sinceMs !== null && performance.now() - sinceMs > stuckMsMax
  }

  #cutOff(): void {
    this.#admission.note('backlog')
    this.#socket.conn.close(true)
  }

  #drained(): void {
    this.#full = false
    this.#waiting.flushed()
    for (const { place, behindSince, self } of this.#followed.values()) {
      if (behindSince !== null) place?.feed.drained(self)
    }
  }

  #answer(answer: unknown, work: () => Promise<void>): void {
    // Without a way to answer there is no telling the client where it starts.
    if (typeof answer !== 'function') return
    work().catch((error: unknown) => {
      const problem = this.#problem(error)
      this.#waiting.add(answerBytes)
      answer({ ok: false, error: problem })
      // Whoever can't follow here has no other use for the connection, and a stock client comes back from its end.
      if (problem.code === 'not-ready' && this.#followed.size === 0) this.#socket.conn.close()
    })
  }

  #refuse(answer: unknown): void {
    this.#admission.note('events')
    if (typeof answer !== 'function') return
    this.#waiting.add(answerBytes)
    const error = new CodedError(
      'too-many-requests',
      `A connection may send ${limits.eventsPerSecondMax} events a second. Wait, and send them more slowly.`,
      { extras: { retryAfterMs: eventsRetryMs } },
    )
    answer({ ok: false, error: error.toProblem() })
  }

  #problem(error: unknown): Problem {
    if (error instanceof CodedError) return error.toProblem()
    this.#logger.error({ error }, 'a follow failed')
    return new CodedError('internal', 'Something went wrong here. Try again shortly.').toProblem()
  }
}

class SocketFollower implements Follower {
  offset = 0 as Offset
  behindSince: number | null = null
  place: Place | null = null
  readonly #socket: FollowerSocket
  readonly #connection: SocketConnection

  constructor(socket: FollowerSocket, connection: SocketConnection) {
    this.#socket = socket
    this.#connection = connection
  }

  get self(): Follower {
    return this
  }

  get transport(): Transport {
    return transportOf(this.#socket)
  }

  get stuckSince(): number | null {
    return this.#connection.waiting.sinceMs
  }

  ready(): boolean {
    return !this.#connection.full
  }

  send(outgoing: Outgoing): void {
    this.#connection.send(outgoing)
  }

  startOver(): void {
    const steer: Steer = { action: 'reconnect', afterMs: 0, spreadMs: comeBackSpreadMs }
    this.#socket.emit('steer', steer)
    const { conn } = this.#socket
    const close = setTimeout(() => conn.close(), Math.random() * comeBackSpreadMs + closeGraceMs)
    conn.once('close', () => clearTimeout(close))
    this.place?.leave()
  }

  cutOff(): void {
    this.#socket.conn.close(true)
  }
}

function answerOf(start: Start): Parameters<Parameters<ClientToServer['follow']>[1]>[0] {
  if (start.kind === 'batch') return { ok: true, batch: start.batch.value }
  const { snapshot, reset } = start
  return { ok: true, snapshot: snapshot.value, ...(reset === null ? {} : { reset }) }
}

function bytesOf(start: Start): number {
  return answerBytes + (start.kind === 'batch' ? start.batch : start.snapshot).json.length
}

function parsed<T>(schema: z.ZodType<T>, request: unknown): T {
  const result = parse(schema, request)
  if (result.ok) return result.value
  throw invalid(result.errors)
}

function superseded(): CodedError {
  return new CodedError('bad-request', 'The channel was followed or left again before this follow was answered.')
}
