import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { Server } from 'socket.io'
import type { Config } from '../config.ts'
import { CodedError } from '../errors.ts'
import { type ClientToServer, type ServerToClient, type Steer, socketPath } from '../wire/events.ts'
import type { Admission } from './admission.ts'
import { endWithin } from './drain.ts'
import type { Hub } from './hub.ts'
import { refuseHandshake } from './refuse.ts'
import type { SliceWriter } from './slice-writer.ts'
import { StockClient } from './stock-client.ts'
import { type EngineConnection, StockConnection } from './stock-connection.ts'
import { stockParser } from './stock-parser.ts'
import { boundedWebsockets } from './stock-websockets.ts'
import { ownUpgrades } from './upgrades.ts'
import { Websockets } from './websocket/server.ts'
import { messageBytesMax } from './websocket/session.ts'

type Sockets = Server<ClientToServer, ServerToClient>

const sweepEveryMs = 5_000

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
  readonly config: Pick<Config, 'CORS_ORIGINS' | 'WEBSOCKET_COMPRESSION'>
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
    wsEngine: boundedWebsockets(admission),
    parser: stockParser,
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
  const open = new Map<EngineConnection, StockConnection>()
  io.engine.on('connection', (connection: EngineConnection) => {
    open.set(connection, new StockConnection(connection, admission))
    const address = admission.addressOf(connection.request)
    admission.enter(address)
    connection.once('close', () => {
      open.delete(connection)
      admission.leave(address)
    })
  })
  const sweeper = setInterval(() => {
    const now = performance.now()
    for (const connection of open.values()) connection.sweep(now)
  }, sweepEveryMs).unref()
  const parts = { hub, admission, logger }
  io.on('connection', (socket) => {
    const connection = open.get(socket.conn)
    // One that closed in the same moment says no more.
    if (connection !== undefined) new StockClient(socket, connection, parts)
  })
  const websockets = new Websockets({ ...parts, writer, makeId, compress: config.WEBSOCKET_COMPRESSION })
  const endUpgraded = ownUpgrades(app.server, {
    websockets,
    engine: io.engine,
    originRefusal: (request) => refusalOf(() => admission.requireOrigin(request)),
  })
  return {
    counts: () => {
      let polling = 0
      for (const { conn } of io.of('/').sockets.values()) if (open.get(conn)?.transport === 'polling') polling++
      return { websocket: io.of('/').sockets.size - polling + websockets.count, polling }
    },
    waitingBytes: () => {
      let bytes = websockets.waitingBytes
      for (const connection of open.values()) bytes += connection.waitingBytes
      return bytes
    },
    drain: async (spreadMs) => {
      const steer: Steer = { action: 'reconnect', afterMs: 0, spreadMs }
      io.emit('steer', steer)
      // Connections rather than sockets: a stock client comes back from the end of a connection, but a socket that the
      // server disconnects stays away.
      const ending = [...open].map(([engine, connection]) =>
        endWithin(
          { afterMs: spreadMs, spreadMs },
          (gone) => engine.once('close', gone),
          () => connection.end(),
        ),
      )
      await Promise.all([...ending, websockets.drain(spreadMs)])
    },
    close: () => {
      clearInterval(sweeper)
      websockets.close()
      // Engine.IO would say goodbye to those who are left.
      for (const connection of open.values()) connection.cutOff()
      io.engine.close()
      endUpgraded()
    },
  }
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
