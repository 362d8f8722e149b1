import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

type Exchange = readonly [request: IncomingMessage, response: ServerResponse]
type Listener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Requests that may wait on a connection for the answer before them (RFC 9112, 9.3.2). Browsers send one at a time, and
 * tools that send ahead send a few.
 */
export const waitingPerConnectionMax = 16

/** The requests of one connection. */
interface Line {
  answering: boolean
  readonly waiting: Exchange[]
}

/**
 * Lets one request of each connection through to the server at a time, whatever the client sends ahead: one write of
 * 64 KB can hold 1,500 requests, and Node's server would start them all.
 */
export class RequestGate {
  readonly #listeners: readonly Listener[]
  readonly #server: Server
  readonly #tooMany: () => void
  readonly #lines = new WeakMap<Socket, Line>()
  readonly #underWay = new Set<ServerResponse>()

  /**
   * Puts itself before all listeners that the server has for requests by now. `tooMany` is called for each connection
   * that is ended because too many requests wait on it.
   */
  constructor(server: Server, tooMany: () => void) {
    this.#server = server
    this.#tooMany = tooMany
    this.#listeners = server.listeners('request') as Listener[]
    server.removeAllListeners('request')
    const take: Listener = (request, response) => this.#take(request, response)
    server.on('request', take)
    // Node would answer an unknown expectation with 417 past this gate. A server may ignore it (RFC 9110, 10.1.1).
    server.on('checkExpectation', take)
  }

  /** The answers that are being made or sent, one for each connection at most. */
  get underWay(): ReadonlySet<ServerResponse> {
    return this.#underWay
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    // The parser goes on to the end of what it has been given, also when the connection has ended.
    if (!isOpen(socket)) return
    const line = this.#lines.get(socket) ?? { answering: false, waiting: [] }
    this.#lines.set(socket, line)
    if (!line.answering) {
      this.#begin(line, [request, response])
    } else if (line.waiting.length < waitingPerConnectionMax) {
      line.waiting.push([request, response])
    } else {
      line.waiting.length = 0
      socket.destroy()
      this.#tooMany()
    }
  }

  #begin(line: Line, [request, response]: Exchange): void {
    line.answering = true
    this.#underWay.add(response)
    // It comes for every answer: sent in full, cut off, or taken over by an event stream that ends with its connection.
    response.once('close', () => {
      this.#underWay.delete(response)
      line.answering = false
      const next = line.waiting.shift()
      if (next === undefined) return
      // After an answer with `Connection: close` nothing more is answered (RFC 9112, 9.6).
      if (isOpen(request.socket)) this.#begin(line, next)
      else line.waiting.length = 0
    })
    for (const listener of this.#listeners) listener.call(this.#server, request, response)
  }
}

function isOpen(socket: Socket): boolean {
  return !socket.destroyed && !socket.writableEnded
}
