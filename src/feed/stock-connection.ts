import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket as TcpSocket } from 'node:net'
import type { Socket } from 'socket.io'
import type { ClientToServer, ServerToClient } from '../wire/events.ts'
import { limits } from '../wire/limits.ts'
import type { Admission } from './admission.ts'
import { stuckMsMax, type Transport } from './channel-feed.ts'
import { StockWaiting } from './stock-waiting.ts'
import { TokenBucket } from './token-bucket.ts'

export type StockSocket = Socket<ClientToServer, ServerToClient>
export type EngineConnection = StockSocket['conn']

/** How long a connection that is ended may take to go. */
const endMsMax = 2_000
/** Packets that Engine.IO may keep for a connection. What it keeps for a good client is an answer or two, and a ping. */
const keptPacketsMax = 256

/** What a poll is answered whose session is not known, as Engine.IO answers it. */
const unknownSession = JSON.stringify({ code: 1, message: 'Session ID unknown' })

/** What Engine.IO has for a connection, and does not type. */
interface Inside {
  readonly transport: {
    writable: boolean
    /** Of a websocket. */
    readonly socket?: { readonly _socket?: TcpSocket; terminate(): void }
    /** The poll that is open, and its answer. */
    readonly req?: (IncomingMessage & { cleanup(): void }) | null
    readonly res?: ServerResponse | null
  }
  readonly writeBuffer: readonly unknown[]
}

/**
 * A connection that Engine.IO carries: by long polling, or upgraded from it. It is there before the client has said that
 * it speaks Socket.IO. What the client sends, and what it provokes and does not take, is bounded here.
 */
export class StockConnection {
  readonly #connection: EngineConnection
  readonly #admission: Admission
  readonly #messages = new TokenBucket(limits.messagesPerSecondMax, limits.messagesBurstMax, performance.now())
  readonly #waiting = new StockWaiting()
  /** Bytes that the system had not taken when that was last looked at; only a websocket can tell. */
  #left = 0
  /** Told whenever the connection is ready again; null while no client of Socket.IO is on it. */
  #client: (() => void) | null = null

  constructor(connection: EngineConnection, admission: Admission) {
    this.#connection = connection
    this.#admission = admission
    // It has been sent the packet that opens a connection.
    this.#waiting.flushed()
    const taken = () => this.#taken()
    connection.transport.on('ready', taken)
    connection.once('upgrade', (transport) => {
      transport.on('ready', taken)
      taken()
    })
    connection.on('flush', () => this.#waiting.flushed())
    connection.on('packet', () => {
      if (!this.#messages.take(performance.now())) this.#cutOff('flood')
    })
    connection.on('packetCreate', ({ data }: { data?: string | Buffer }) => this.#added(data?.length ?? 0))
  }

  get transport(): Transport {
    return this.#connection.transport.name === 'polling' ? 'polling' : 'websocket'
  }

  get waitingBytes(): number {
    return this.#waiting.bytes
  }

  /** Since when the client has not polled, or its websocket has taken nothing (`performance.now()`); else null. */
  get stuckSince(): number | null {
    const left = this.#inside.transport.socket?._socket?.writableLength ?? 0
    if (left !== this.#left) {
      this.#left = left
      this.#waiting.moved()
    }
    return this.#waiting.sinceMs
  }

  /** Whether what is written now goes out now. */
  get ready(): boolean {
    const { transport, writeBuffer } = this.#inside
    return this.#connection.readyState === 'open' && transport.writable && writeBuffer.length === 0
  }

  /**
   * Gives it to a client of Socket.IO, which is told whenever it is ready again. False if it has one: Socket.IO lets a
   * connection that greets again and again have as many as it likes.
   */
  enter(ready: () => void): boolean {
    if (this.#client !== null) return false
    this.#client = ready
    return true
  }

  leave(): void {
    this.#client = null
  }

  /** Ends the connection if the client has not taken what waits for too long, be it a follower or not. */
  sweep(now: number): void {
    const { stuckSince } = this
    if (stuckSince !== null && now - stuckSince > stuckMsMax) this.#cutOff('backlog')
  }

  /**
   * Ends the connection as one that is lost, when what was written has gone out. By `close`, Engine.IO would send a packet
   * or a Close frame that says so; clients in several languages take that for a farewell, and stay away.
   */
  end(): void {
    if (this.#connection.readyState !== 'open') return
    // From now on Engine.IO takes nothing more to send, and nothing that comes.
    this.#connection.readyState = 'closing'
    setTimeout(() => this.cutOff(), endMsMax).unref()
    this.#endIfSent()
  }

  /** Ends it at once. Of a websocket, Engine.IO alone would say goodbye, and wait half a minute for the client's. */
  cutOff(): void {
    const { transport } = this.#inside
    transport.socket?.terminate()
    this.#endPoll()
    this.#connection.close(true)
  }

  #endIfSent(): void {
    const { transport, writeBuffer } = this.#inside
    if (this.#connection.readyState !== 'closing' || writeBuffer.length > 0) return
    // A client that has a websocket ends its side, too, and then the connection is closed.
    if (transport.socket !== undefined) transport.socket._socket?.end()
    else this.cutOff()
  }

  /** A poll that is open is answered as the next one will be. Engine.IO would answer it with a packet that says goodbye. */
  #endPoll(): void {
    const { transport } = this.#inside
    const { req, res } = transport
    if (!req || !res) return
    transport.writable = false
    req.cleanup()
    res.writeHead(400, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(unknownSession)
  }

  get #inside(): Inside {
    return this.#connection as unknown as Inside
  }

  #added(bytes: number): void {
    this.#waiting.add(bytes)
    const isOver = this.#waiting.bytes > limits.waitingBytesMax || this.#inside.writeBuffer.length >= keptPacketsMax
    if (isOver) this.#cutOff('backlog')
  }

  #taken(): void {
    this.#waiting.taken()
    this.#endIfSent()
    // Engine.IO may have given it something else meanwhile, such as a ping; then it says so again.
    if (this.ready) this.#client?.()
  }

  #cutOff(reason: 'flood' | 'backlog'): void {
    if (this.#connection.readyState !== 'open') return
    this.#admission.note(reason)
    this.cutOff()
  }
}
