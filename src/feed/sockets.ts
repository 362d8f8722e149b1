import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { Server } from 'socket.io'
import type { Config } from '../config.ts'
import { CodedError } from '../errors.ts'
import { type ClientToServer, type ServerToClient, type Steer, socketPath } from '../wire/events.ts'
import { limits } from '../wire/limits.ts'
import type { Admission } from './admission.ts'
import { endWithin } from './drain.ts'
import type { Hub } from './hub.ts'
import { refuseHandshake } from './refuse.ts'
import type { SliceWriter } from './slice-writer.ts'
import { StockClient, type StockSocket, transportOf } from './stock-client.ts'
import { TokenBucket } from './token-bucket.ts'
import { Door } from './websocket/door.ts'
import { Websockets } from './websocket/server.ts'
import { messageBytesMax } from './websocket/session.ts'

type Sockets = Server<ClientToServer, ServerToClient>
/** The connection under a socket: it is there before the client has said that it speaks Socket.IO. */
type Connection = StockSocket['conn']

export interface SocketFeed {
  counts(): { websocket: number; polling: number }
  /** What waits in this process for connections to take it. */
  waitingBytes(): number
  /**
   * Sends every client elsewhere. Those who know `steer` leave within the spread; those who don't have their connection
   * closed within as long again, which makes them come back. Batches go on to all who are still here.
   */
  drain(spreadMs: number): Promise<void>
  /** Closes all connections at once. The HTTP server is the app's to close. */
  close(): void
}

export interface SocketOptions {
  readonly hub: Hub
  readonly writer: SliceWriter
  readonly admission: Admission
  readonly config: Pick<Config, 'CORS_ORIGINS'>
  readonly makeId: () => string
  /** Whether another process has the request's session, and has been given the request; `otherwise` goes on with it here. */
  readonly route?: (request: IncomingMessage, response: unknown, otherwise: () => void) => boolean
  readonly logger: Logger
}

/** Serves Socket.IO on the app's HTTP server: transport only, without adapter and without its connection recovery. */
export function serveSockets(app: FastifyInstance, options: SocketOptions): SocketFeed {
  const { hub, writer, admission, config, makeId, route, logger } = options
  const io: Sockets = new Server(app.server, {
    path: socketPath,
    serveClient: false,
    maxHttpBufferSize: messageBytesMax,
    // A compressor per socket costs gigabytes at ten thousand followers.
    perMessageDeflate: false,
    httpCompression: false,
    cors: { origin: config.CORS_ORIGINS === '*' ? '*' : [...config.CORS_ORIGINS] },
    // Engine.IO would answer 400 or 403 without a word on what to do, so whoever is refused is answered here instead.
    allowRequest: (request, allow) => {
      const error = refusalOf(() => admission.requireRoom(request))
      if (error === null) allow(null, true)
      else refuseHandshake(request, error)
    },
  })
  io.engine.generateId = makeId
  if (route !== undefined) {
    io.engine.use((request: IncomingMessage, response: unknown, next: () => void) => {
      if (!route(request, response, next)) next()
    })
  }
  const open = new Set<Connection>()
  io.engine.on('connection', (connection: Connection) => {
    open.add(connection)
    const address = admission.addressOf(connection.request)
    admission.enter(address)
    connection.once('close', () => {
      open.delete(connection)
      admission.leave(address)
    })
    closeFloods(connection, admission)
  })
  const clients = new Set<StockClient>()
  const parts = { hub, admission, logger }
  io.on('connection', (socket) => {
    const client = new StockClient(socket, parts)
    clients.add(client)
    socket.on('disconnect', () => clients.delete(client))
  })
  const websockets = new Websockets({ ...parts, writer, makeId })
  takeFirst(app.server, websockets)
  const door = new Door(app.server, (request) => websockets.take(request))
  return {
    counts: () => {
      let polling = 0
      for (const socket of io.of('/').sockets.values()) if (transportOf(socket) === 'polling') polling++
      return { websocket: io.of('/').sockets.size - polling + websockets.count, polling }
    },
    waitingBytes: () => {
      let bytes = websockets.waitingBytes
      for (const client of clients) bytes += client.waitingBytes
      return bytes
    },
    drain: async (spreadMs) => {
      const steer: Steer = { action: 'reconnect', afterMs: 0, spreadMs }
      io.emit('steer', steer)
      // Closing connections rather than sockets: a stock client takes a closed connection for lost, and comes back, but
      // a socket that the server disconnects stays away.
      const ending = [...open].map((connection) =>
        endWithin(
          { afterMs: spreadMs, spreadMs },
          (gone) => connection.once('close', gone),
          () => connection.close(),
        ),
      )
      await Promise.all([...ending, websockets.drain(spreadMs)])
    },
    close: () => {
      door.close()
      websockets.close()
      io.engine.close()
    },
  }
}

/** Has websockets that are nobody's second step taken before Socket.IO's own server sees them. */
function takeFirst(server: FastifyInstance['server'], websockets: Websockets): void {
  const others = server.listeners('upgrade') as ((...upgrade: [IncomingMessage, Duplex, Buffer]) => void)[]
  server.removeAllListeners('upgrade')
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (websockets.take(request, head)) return
    for (const other of others) other.call(server, request, socket, head)
  })
}

/** Closes a connection that sends far more than any client has reason to, whatever it sends. */
function closeFloods(connection: Connection, admission: Admission): void {
  const messages = new TokenBucket(limits.messagesPerSecondMax, limits.messagesBurstMax, performance.now())
  connection.on('packet', () => {
    if (connection.readyState !== 'open' || messages.take(performance.now())) return
    admission.note('flood')
    connection.close(true)
  })
}

function refusalOf(check: () => void): CodedError | null {
  try {
    check()
    return null
  } catch (error) {
    if (error instanceof CodedError) return error
    throw error
  }
}
