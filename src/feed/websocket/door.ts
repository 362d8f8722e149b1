import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { disown, type Owner, own } from './owner.ts'
import { type PlainRequest, readRequest } from './request.ts'

type Listener = (socket: Socket) => void
/** Takes a websocket. False where the request is for something else. */
export type Take = (request: PlainRequest & { readonly socket: Socket }) => boolean

const sweepEveryMsPreset = 5_000

/**
 * Looks at the first bytes of each connection. Where they ask for a websocket of ours, it is taken at once; all else goes to
 * Node's HTTP server as if it had not been looked at. Node's parser, and what it keeps for a connection and takes down
 * again, cost about as much as all else that is done when a client connects.
 */
export class Door {
  readonly #server: Server
  readonly #take: Take
  readonly #others: readonly Listener[]
  /** Connections on which nothing has come yet, the oldest first. */
  readonly #silent = new Map<Socket, number>()
  readonly #sweeper: NodeJS.Timeout
  #closed = false

  constructor(server: Server, take: Take, sweepEveryMs = sweepEveryMsPreset) {
    this.#server = server
    this.#take = take
    this.#others = server.listeners('connection') as Listener[]
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => this.#enter(socket))
    this.#sweeper = setInterval(() => this.#sweep(), sweepEveryMs).unref()
  }

  /** From now on all are the HTTP server's, to answer and to end: a request may be on its way. */
  close(): void {
    this.#closed = true
    clearInterval(this.#sweeper)
    for (const socket of this.#silent.keys()) {
      disown(socket)
      this.#pass(socket)
    }
    this.#silent.clear()
  }

  #enter(socket: Socket): void {
    if (this.#closed) {
      this.#pass(socket)
      return
    }
    this.#silent.set(socket, performance.now())
    const owner: Owner = {
      read: (chunk) => {
        // One that was taken and refused stays with the door while it ends: it has had its say.
        if (!this.#silent.delete(socket)) return
        const request = readRequest(chunk)
        if (request !== null && this.#take({ ...request, socket })) return
        disown(socket)
        this.#pass(socket)
        socket.emit('data', chunk)
      },
      ended: () => this.#silent.delete(socket),
    }
    own(socket, owner)
  }

  #pass(socket: Socket): void {
    for (const listener of this.#others) listener.call(this.#server, socket)
  }

  /** As Node's HTTP server does with those who take too long to ask. */
  #sweep(): void {
    const since = performance.now() - this.#server.headersTimeout
    for (const [socket, enteredAt] of this.#silent) {
      if (enteredAt > since) return
      socket.destroy()
    }
  }
}
