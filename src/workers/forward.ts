import { Agent, type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'

/** A poll is answered within 25 s, when Engine.IO pings; a worker that is silent for longer hangs. */
const silentMsMax = 40_000
/** Connections to one worker that are kept open for the next request. */
const idleConnectionsMax = 256

/** Headers that are of one connection only (RFC 9110, 7.6.1). */
const ofOneConnection = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Sends requests on to other workers of this node, over their private sockets, and their answers back. */
export class Forwarder {
  // A worker never closes such a connection while it is idle, so none ends under the next request.
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: idleConnectionsMax })

  /** Streams both ways. Where the worker can't be reached, `gone` is called once, and is to answer. */
  forward(path: string, request: IncomingMessage, response: ServerResponse, gone: () => void): void {
    const onward = openRequest({
      socketPath: path,
      agent: this.#agent,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      // How the body is framed stays as it came: a body without a frame would be taken for the next request.
      headers: headersOf(request, request.headers['transfer-encoding'] !== undefined),
    })
    onward.setTimeout(silentMsMax, () => onward.destroy(new Error('the worker does not answer')))
    onward.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', headersOf(answer, false))
      // Whichever side ends early takes the other with it; who is gone need not be told.
      pipeline(answer, response, () => undefined)
    })
    let failed = false
    onward.on('error', () => {
      if (failed) return
      failed = true
      request.unpipe(onward).resume()
      if (response.headersSent) response.destroy()
      else if (!response.destroyed) gone()
    })
    response.once('close', () => {
      if (!response.writableFinished) onward.destroy()
    })
    request.pipe(onward)
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Names and values in turn, as they came, without those that are of their connection only. */
function headersOf({ rawHeaders, headers }: IncomingMessage, framed: boolean): string[] {
  const named = String(headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
  const kept: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    const key = name.toLowerCase()
    const frames = key === 'transfer-encoding' || key === 'content-length'
    const dropped = frames ? key === 'transfer-encoding' && !framed : ofOneConnection.has(key) || named.includes(key)
    if (!dropped) kept.push(name, value)
  }
  return kept
}
