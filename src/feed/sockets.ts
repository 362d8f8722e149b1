import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { Server, type Socket } from 'socket.io'
import type { z } from 'zod'
import type { Config } from '../config.ts'
import { CodedError, invalid } from '../errors.ts'
import {
  type ClientToServer,
  FollowRequest,
  type ServerToClient,
  type Steer,
  socketPath,
  UnfollowRequest,
} from '../wire/events.ts'
import { limits } from '../wire/limits.ts'
import { parse } from '../wire/parse.ts'
import type { Problem } from '../wire/problem.ts'
import type { ChannelId, Offset } from '../wire/scalars.ts'
import type { Follower, Transport } from './channel-feed.ts'
import type { Hub, Place, Start } from './hub.ts'
import type { Outgoing } from './outgoing.ts'

type Sockets = Server<ClientToServer, ServerToClient>
type FollowerSocket = Socket<ClientToServer, ServerToClient>

/** A client sends little: follow, unfollow and pongs. */
const clientMessageBytesMax = 16_384
/** Those who are sent away come back spread over this time. */
const comeBackSpreadMs = 5_000
/** A stock client does not know `steer`; its connection is closed after the spread, which makes it come back. */
const closeGraceMs = 2_000

export interface SocketFeed {
  counts(): { websocket: number; polling: number }
  /** Sends every client elsewhere. The HTTP server is the app's to close. */
  close(): void
}

/** Serves Socket.IO on the app's HTTP server: transport only, without adapter and without its connection recovery. */
export function serveSockets(app: FastifyInstance, hub: Hub, config: Config, logger: Logger): SocketFeed {
  const io: Sockets = new Server(app.server, {
    path: socketPath,
    serveClient: false,
    maxHttpBufferSize: clientMessageBytesMax,
    // A compressor per socket costs gigabytes at ten thousand followers.
    perMessageDeflate: false,
    httpCompression: false,
    cors: { origin: config.CORS_ORIGINS === '*' ? '*' : [...config.CORS_ORIGINS] },
  })
  // A proxy finds the node by the first part of the session id; the rest can't be guessed.
  io.engine.generateId = () => `${config.NODE_NAME}.${randomBytes(15).toString('base64url')}`
  io.on('connection', (socket) => new SocketConnection(socket, hub, logger))
  return {
    counts: () => {
      let polling = 0
      for (const socket of io.of('/').sockets.values()) if (transportOf(socket) === 'polling') polling++
      return { websocket: io.of('/').sockets.size - polling, polling }
    },
    close: () => {
      const steer: Steer = { action: 'reconnect', afterMs: 0, spreadMs: comeBackSpreadMs }
      io.emit('steer', steer)
      // Closing connections rather than sockets: a stock client takes a closed connection for lost, and comes back, but
      // a socket that the server disconnects stays away.
      io.engine.close()
    },
  }
}

function transportOf(socket: FollowerSocket): Transport {
  return socket.conn.transport.name === 'polling' ? 'polling' : 'websocket'
}

/** One client's connection and the channels that it follows. */
class SocketConnection {
  readonly #socket: FollowerSocket
  readonly #hub: Hub
  readonly #logger: Logger
  readonly #followed = new Map<ChannelId, SocketFollower>()
  /** A batch waits behind the one that the transport is sending; one may, and no more. */
  #full = false

  constructor(socket: FollowerSocket, hub: Hub, logger: Logger) {
    this.#socket = socket
    this.#hub = hub
    this.#logger = logger
    socket.on('follow', (request, answer) => this.#answer(answer, () => this.#follow(request, answer)))
    socket.on('unfollow', (request, answer) => this.#answer(answer, () => this.#unfollow(request, answer)))
    socket.conn.on('drain', () => this.#drained())
    socket.on('disconnect', () => {
      for (const channel of this.#followed.keys()) this.#leave(channel)
    })
  }

  async #follow(request: unknown, answer: Parameters<ClientToServer['follow']>[1]): Promise<void> {
    const { channel, after } = parsed(FollowRequest, request)
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
        answer(answerOf(start))
        return follower
      })
      if (place === null) return answer({ ok: false, error: superseded().toProblem() })
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

  send(outgoing: Outgoing): void {
    // Engine.IO says `drain`, within this call already, when its own buffer has gone to the transport.
    this.#full = true
    // The frame is what a websocket is sent, the packet what long polling and an upgrade under way are sent.
    // Engine.IO hands the frame to ws as it is, which takes a list of buffers.
    const options = { compress: false, wsPreEncodedFrame: [outgoing.frame] }
    this.#socket.conn.write(outgoing.packet, options)
  }

  #drained(): void {
    this.#full = false
    for (const { place, behindSince, self } of this.#followed.values()) {
      if (behindSince !== null) place?.feed.drained(self)
    }
  }

  #answer(answer: unknown, work: () => Promise<void>): void {
    // Without a way to answer there is no telling the client where it starts.
    if (typeof answer !== 'function') return
    work().catch((error: unknown) => {
      answer({ ok: false, error: this.#problem(error) })
    })
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

function parsed<T>(schema: z.ZodType<T>, request: unknown): T {
  const result = parse(schema, request)
  if (result.ok) return result.value
  throw invalid(result.errors)
}

function superseded(): CodedError {
  return new CodedError('bad-request', 'The channel was followed or left again before this follow was answered.')
}
