import type { Steer } from '../wire/events.ts'
import type { Carrier } from './carrier.ts'
import type { Transport } from './channel-feed.ts'
import { Following, type FollowingParts, type Reply } from './following.ts'
import type { Outgoing } from './outgoing.ts'
import type { StockConnection, StockSocket } from './stock-connection.ts'

/**
 * A client that Socket.IO's own server carries: one that polls, or began with polling. Engine.IO would keep whatever it
 * is given until the client polls, however long that takes, and then deliver it, retracted or not. So nothing that holds
 * a post is given to it before its transport takes it: until then the client is behind, and waits for its answers.
 */
export class StockClient implements Carrier {
  readonly #socket: StockSocket
  readonly #connection: StockConnection
  readonly #following: Following

  constructor(socket: StockSocket, connection: StockConnection, parts: FollowingParts) {
    this.#socket = socket
    this.#connection = connection
    this.#following = new Following(this, parts)
    socket.use(([name, ...said]) => {
      // Socket.IO puts what answers an event behind whatever the client said.
      const respond = typeof said.at(-1) === 'function' ? said.pop() : undefined
      this.#following.take(name, said[0], replyBy(respond))
    })
    if (!connection.enter(() => this.#following.drained())) {
      connection.cutOff()
      return
    }
    socket.on('disconnect', () => {
      connection.leave()
      this.#following.end()
    })
  }

  get transport(): Transport {
    return this.#connection.transport
  }

  get connected(): boolean {
    return this.#socket.connected
  }

  get stuckSince(): number | null {
    return this.#connection.stuckSince
  }

  ready(): boolean {
    return this.#connection.ready
  }

  direct(): null {
    return null
  }

  send(outgoing: Outgoing): void {
    // The frame is what a websocket is sent, the packet what long polling and an upgrade under way are sent.
    // Engine.IO hands the frame to ws as it is, which takes a list of buffers.
    const options = { compress: false, wsPreEncodedFrame: [outgoing.frame(false)] }
    this.#socket.conn.write(outgoing.packet, options)
  }

  steer(steer: Steer): void {
    this.#socket.emit('steer', steer)
  }

  close(): void {
    this.#connection.end()
  }

  cutOff(): void {
    this.#connection.cutOff()
  }
}

/** The parser takes an answer as it is. */
function replyBy(respond: unknown): Reply | undefined {
  return typeof respond === 'function' ? (answer) => respond(answer) : undefined
}
