import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { adminKey } from '../node.ts'
import { SlowReader } from '../slow-reader.ts'
import { until } from '../until.ts'

const askEveryMs = 50
const publishEveryMs = 250
const answerMsMax = 60_000
/** Another address than the attacker's, so that no limit by address meets both. */
const ownAddress = '127.0.0.2'

/** How long something took, over all times that it was done. */
export interface Waited {
  readonly count: number
  readonly medianMs: number
  readonly greatestMs: number
}

/** Others who use the node meanwhile: one asks whether it is live, one publishes, and one follows. */
export class Bystander {
  readonly #url: string
  readonly #channel: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2, localAddress: ownAddress })
  readonly #stop = new AbortController()
  readonly #answered: number[] = []
  readonly #received: number[] = []
  #offset = 0
  #reader: SlowReader | null = null
  #working: Promise<unknown> = Promise.resolve()
  /** What was not answered as it should be, by what came instead. */
  readonly failures = new Map<string, number>()

  constructor(url: string, channel: string) {
    this.#url = url
    this.#channel = channel
  }

  async start(): Promise<void> {
    this.#reader = await SlowReader.open(this.#url, this.#channel)
    this.#reader.times = this.#received
    this.#working = Promise.all([
      this.#again(askEveryMs, () => this.#ask()),
      this.#again(publishEveryMs, () => this.#publish()),
    ])
  }

  /** Ends once all that was published has been received. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#working
    const reader = this.#reader
    await until('the follower has all', () => reader === null || reader.gone || reader.offset >= this.#offset).catch(
      () => this.#fail('publish: not received'),
    )
    if (reader?.gone === true) this.#fail('the follower was disconnected')
    if (reader !== null && reader.wrong !== null) this.#fail(`the follower ${reader.wrong}`)
    reader?.close()
    this.#agent.destroy()
  }

  get answered(): Waited {
    return waited(this.#answered)
  }

  get received(): Waited {
    return waited(this.#received)
  }

  async #again(everyMs: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await work()
      await delay(everyMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #ask(): Promise<void> {
    const startedMs = performance.now()
    const answer = await this.#send('GET', '/health/live')
    if (answer.status === 200) this.#answered.push(performance.now() - startedMs)
    else this.#fail(`health/live: ${answer.status}`)
  }

  async #publish(): Promise<void> {
    const body = JSON.stringify({ headline: `at=${performance.now()}=`, body: { text: 'The ferry is late.' } })
    const answer = await this.#send('POST', `/v1/channels/${this.#channel}/posts`, body)
    if (answer.status === 201) this.#offset = Number(/"cursor":"[^":]*:(\d+)"/.exec(answer.text)?.[1] ?? 0)
    else this.#fail(`publish: ${answer.status}`)
  }

  #send(method: string, path: string, body?: string): Promise<{ status: number | string; text: string }> {
    return new Promise((resolve) => {
      const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }
      const options = { method, agent: this.#agent, timeout: answerMsMax, ...(body === undefined ? {} : { headers }) }
      const asked = request(this.#url + path, options, (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += String(chunk)
        })
        response.on('close', () => resolve({ status: response.statusCode ?? 0, text }))
      })
      asked.on('timeout', () => asked.destroy(new Error(`no answer in ${answerMsMax} ms`)))
      asked.on('error', (error) => resolve({ status: error.message, text: '' }))
      asked.end(body)
    })
  }

  #fail(what: string): void {
    this.failures.set(what, 1 + (this.failures.get(what) ?? 0))
  }
}

function waited(times: readonly number[]): Waited {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (i: number) => sorted[i] ?? Number.NaN
  return { count: sorted.length, medianMs: at(sorted.length >> 1), greatestMs: at(sorted.length - 1) }
}
