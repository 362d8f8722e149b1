import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, get, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Logger } from 'pino'
import { Forwarder } from './forward.ts'
import { type Place, socketPath } from './place.ts'
import type { SessionIds } from './session-ids.ts'

/** Where a worker answers the others with its figures; it is on no address that clients can reach. */
const figuresPath = '/figures'
/** A worker that takes longer hangs, and is left out. */
const figuresMsMax = 1_000

interface NeighboursOptions {
  readonly place: Place
  readonly ids: SessionIds
  /** The path of Socket.IO. */
  readonly path: string
  readonly logger: Logger
}

/**
 * The other workers of this node. A request whose session one of them has is brought there: a poll is sent on over that
 * worker's private socket, and for an upgrade to websocket the connection itself changes hands, so that nobody stands in
 * a websocket's way for as long as it lives.
 */
export class Neighbours {
  readonly #options: NeighboursOptions
  readonly #forwarder = new Forwarder()
  /** Connections that came from a neighbour. What comes on them stays here, or it might go round in circles. */
  readonly #arrived = new WeakSet<Socket>()
  readonly #heads = new WeakMap<IncomingMessage, Buffer>()

  constructor(options: NeighboursOptions) {
    this.#options = options
  }

  /**
   * Takes what neighbours bring to the server's sessions, and answers them with what `figures` gives. Returns what ends
   * that.
   */
  async listen(server: Server, figures: () => Promise<Buffer>): Promise<() => Promise<void>> {
    const { place, path, logger } = this.#options
    // Whoever upgrades sends nothing before it is answered; what is sent all the same goes with it.
    server.prependListener('upgrade', (request, _socket, head) => this.#heads.set(request, head))
    place.onUpgrade((text, socket) => {
      this.#arrived.add(socket)
      socket.unshift(text)
      server.emit('connection', socket)
    })
    const inner = createServer((request, response) => {
      if (request.url === figuresPath) answerWith(figures, response, logger)
      else if (request.url?.startsWith(path) === true) server.emit('request', request, response)
      else response.writeHead(404).end()
    })
    inner.keepAliveTimeout = 0
    // Past this a poll is answered where it came in, as if its session were gone.
    if (server.maxConnections > 0) inner.maxConnections = server.maxConnections
    inner.on('connection', (socket) => this.#arrived.add(socket))
    const file = socketPath(place.folder, place.number)
    // The worker that had this place before may have been killed, which leaves its file.
    rmSync(file, { force: true })
    // Not shared by the workers, as what they listen on is where nothing else is said.
    inner.listen({ path: file, exclusive: true })
    await once(inner, 'listening')
    return async () => {
      this.#forwarder.close()
      inner.close()
      inner.closeAllConnections()
      await once(inner, 'close')
    }
  }

  /** Whether a neighbour is to answer the request, and has been given it. `otherwise` answers where that one is gone. */
  route(request: IncomingMessage, response: unknown, otherwise: () => void): boolean {
    const { place, ids } = this.#options
    if (this.#arrived.has(request.socket)) return false
    const id = new URL(request.url ?? '/', 'http://node').searchParams.getAll('sid').at(-1)
    const other = id === undefined ? null : ids.otherWorkerOf(id)
    if (other === null) return false
    if (response instanceof ServerResponse) {
      this.#forwarder.forward(socketPath(place.folder, other), request, response, otherwise)
    } else if (request.socket instanceof Socket) {
      place.handOver(other, textOf(request, this.#heads.get(request)), request.socket)
    } else {
      return false
    }
    return true
  }

  /** The figures of all neighbours that answer in time. */
  async figures(): Promise<Buffer[]> {
    const { place } = this.#options
    const others = Array.from({ length: place.count }, (_, number) => number).filter((n) => n !== place.number)
    const answers = await Promise.allSettled(others.map((number) => askFigures(socketPath(place.folder, number))))
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  }
}

function answerWith(figures: () => Promise<Buffer>, response: ServerResponse, logger: Logger): void {
  figures().then(
    (encoded) => response.end(encoded),
    (error: unknown) => {
      logger.error({ error: String(error) }, 'the figures of this worker could not be made')
      response.writeHead(500).end()
    },
  )
}

async function askFigures(socket: string): Promise<Buffer> {
  const signal = AbortSignal.timeout(figuresMsMax)
  const asked = get({ socketPath: socket, path: figuresPath, agent: false, signal })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`)
  return await buffer(answer)
}

/** The request as it was sent, and what came after it. Header values are latin1 (RFC 9110, 5.5). */
function textOf({ method, url, httpVersion, rawHeaders }: IncomingMessage, head: Buffer | undefined): Buffer {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  return Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head ?? Buffer.alloc(0)])
}
