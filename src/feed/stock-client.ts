import type { Socket } from 'socket.io'
import type { ClientToServer, ServerToClient, Steer } from '../wire/events.ts'
import type { Answer } from './answer.ts'
import type { Carrier } from './carrier.ts'
import type { Transport } from './channel-feed.ts'
import { Following, type FollowingParts, type Reply } from './following.ts'
import type { Outgoing } from './outgoing.ts'
import { Waiting } from './waiting.ts'

export type StockSocket = Socket<ClientToServer, ServerToClient>

export function transportOf(socket: StockSocket): Transport {
  return socket.conn.transport.name === 'polling' ? 'polling' : 'websocket'
}

/** A client that Socket.IO's own server carries: one that polls, or began with polling. */
export class StockClient implements Carrier {
  readonly #socket: StockSocket
  readonly #waiting: Waiting
  /** A batch waits behind the one that the transport is sending; one may, and no more. */
  #full = false

  constructor(socket: StockSocket, parts: FollowingParts) {
    this.#socket = socket
    this.#waiting = new Waiting(() => socket.conn.transport)
    const following = new Following(this, parts)
    socket.use(([name, request, answer]) => following.take(name, request, this.#replyBy(answer)))
    socket.conn.on('drain', () => {
      this.#full = false
      this.#waiting.flushed()
      following.drained()
    })
    socket.on('disconnect', () => following.end())
  }

  get transport(): Transport {
    return transportOf(this.#socket)
  }

  get connected(): boolean {
    return this.#socket.connected
  }

  get waitingBytes(): number {
    return this.#waiting.bytes
  }

  get stuckSince(): number | null {
    return this.#waiting.sinceMs
  }

  ready(): boolean {
    return !this.#full
  }

  direct(): null {
    return null
  }

  send(outgoing: Outgoing): void {
    const frame = outgoing.frame(false)
    this.#waiting.add(frame.length)
    // Engine.IO says `drain`, within this call already, when its own buffer has gone to the transport.
    this.#full = true
    // The frame is what a websocket is sent, the packet what long polling and an upgrade under way are sent.
    // Engine.IO hands the frame to ws as it is, which takes a list of buffers.
    const options = { compress: false, wsPreEncodedFrame: [frame] }
    this.#socket.conn.write(outgoing.packet, options)
  }

  steer(steer: Steer): void {
    this.#socket.emit('steer', steer)
  }

  close(): void {
    this.#socket.conn.close()
  }

  cutOff(): void {
    this.#socket.conn.close(true)
  }

  #replyBy(answer: unknown): Reply | undefined {
    if (typeof answer !== 'function') return undefined
    return ({ value, bytes }: Answer) => {
      this.#waiting.add(bytes)
      answer(value)
    }
  }
}
