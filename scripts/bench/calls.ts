import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface Answer {
  readonly status: number
  readonly text: string
  /** From the call to the end of the answer. */
  readonly ms: number
}

const connectionsMax = 128
const answerMsMax = 60_000

/** Posts to a server on loopback over connections that are kept, so that what is timed is the answer alone. */
export class Calls {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: connectionsMax })
  readonly #port: number
  readonly #headers: Readonly<Record<string, string>>

  constructor(port: number, headers: Readonly<Record<string, string>>) {
    this.#port = port
    this.#headers = headers
  }

  async post(path: string, body: string): Promise<Answer> {
    const before = performance.now()
    const signal = AbortSignal.timeout(answerMsMax)
    const headers = { ...this.#headers, 'content-length': String(Buffer.byteLength(body)) }
    const call = request({
      host: '127.0.0.1',
      port: this.#port,
      path,
      method: 'POST',
      agent: this.#agent,
      headers,
      signal,
    })
    call.end(body)
    const [response] = await once(call, 'response')
    const text = (await buffer(response)).toString()
    return { status: response.statusCode, text, ms: performance.now() - before }
  }

  close(): void {
    this.#agent.destroy()
  }
}
