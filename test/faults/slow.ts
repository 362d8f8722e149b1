import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { Ballast } from './ballast.ts'
import { adminKey } from './node.ts'
import { plain } from './setting.ts'
import { described, type Figures, medians } from './slow-figures.ts'
import { SlowReader } from './slow-reader.ts'
import { Stage } from './stage.ts'
import { until } from './until.ts'

export const slowName = 'slow followers'

const phaseMs = 8_000
const rounds = 2
const warmPhases = 3
const postsPerSecond = 25
const postChars = 1_000
/** The sockets that nobody reads are filled by a channel that none of the others follow, of one large post. */
const fillChars = 20_000
const fillMsMax = 60_000
const editsAtOnce = 4
/** Edits of it before anything is measured, so that what it takes of the node's memory is taken in both phases. */
const warmEdits = 100
const rampAtOnce = 50
const readMsMax = 30_000
/** What the node may keep for one that is stuck: a batch behind the one on its way, of the ballast both. */
const stuckBytesMax = 2 * 2.2 * fillChars

/**
 * Measures what followers that stop reading cost those who read: on one node, 2,000 of these without any, and with 200
 * of the others. Only what must hold whatever the machine is judged. Gives whether it did, and the figures in lines.
 */
export async function runSlow(quick: boolean): Promise<{ good: boolean; lines: readonly string[] }> {
  const [readers, stuck] = quick ? [200, 20] : [2_000, 200]
  const trial = await SlowTrial.open(readers)
  try {
    const without: Figures[] = []
    const withStuck: Figures[] = []
    // A process that has just started grows for a while, whoever follows it.
    for (let phase = 0; phase < warmPhases; phase++) await trial.measure()
    for (let round = 0; round < rounds; round++) {
      without.push(await trial.measure())
      await trial.stick(stuck)
      withStuck.push(await trial.measure())
      await trial.judgeStuck()
    }
    trial.judgeReaders()
    const lines = told({ readers, stuck, without: medians(without), withStuck: medians(withStuck), trial })
    return { good: trial.wrong.length === 0, lines }
  } finally {
    await trial.close()
  }
}

class SlowTrial {
  readonly wrong: string[] = []
  behind = 0
  cutOff = 0
  waitingBytes = 0
  readonly #stage: Stage
  readonly #ballast: Ballast
  readonly #url: string
  readonly #readers: SlowReader[] = []
  #stuck: SlowReader[] = []
  #offset = 0
  #epoch = ''

  private constructor(stage: Stage, ballast: Ballast) {
    this.#stage = stage
    this.#ballast = ballast
    this.#url = stage.nodes[0]?.url ?? ''
  }

  static async open(readers: number): Promise<SlowTrial> {
    const stage = await Stage.open(plain)
    try {
      const ballast = await Ballast.make(stage, fillChars)
      const trial = new SlowTrial(stage, ballast)
      for (let i = 0; i < warmEdits; i++) await ballast.edit()
      await trial.#gather(readers, trial.#readers)
      return trial
    } catch (error) {
      await stage.close()
      throw error
    }
  }

  /** Publishes for a while. The times are from each post's request to its receipt, over all readers. */
  async measure(): Promise<Figures> {
    const times: number[] = []
    const rss: number[] = []
    for (const reader of this.#readers) reader.times = times
    const lag = monitorEventLoopDelay({ resolution: 10 })
    lag.enable()
    const end = performance.now() + phaseMs
    for (let dueMs = performance.now(); dueMs < end; dueMs += 1_000 / postsPerSecond) {
      await delay(Math.max(0, dueMs - performance.now()))
      await this.#publish(postChars)
      rss.push(this.#rssMb())
    }
    lag.disable()
    await this.#allHere(this.#readers)
    times.sort((a, b) => a - b)
    const quantile = (q: number) => times[Math.floor(q * (times.length - 1))] ?? Number.NaN
    rss.sort((a, b) => a - b)
    const rssMb = rss[Math.floor(rss.length / 2)] ?? Number.NaN
    return { p50Ms: quantile(0.5), p99Ms: quantile(0.99), rssMb, ownLagMs: lag.percentile(99) / 1e6 }
  }

  /** So many more come, stop reading, and their sockets fill. Those who read are not measured meanwhile. */
  async stick(count: number): Promise<void> {
    for (const reader of this.#readers) reader.times = null
    await this.#gather(count, this.#stuck)
    for (const reader of this.#stuck) reader.stopReading(Ballast.channel)
    await until(
      'those who do not read are counted as behind',
      async () => {
        for (let i = 0; i < editsAtOnce; i++) await this.#ballast.edit()
        this.behind = await this.#readMetrics()
        // In the channel that fills them; the other one brings nothing now.
        return this.behind >= count
      },
      fillMsMax,
    ).catch((error: unknown) => this.wrong.push(String(error)))
  }

  /** They read again: each gets what it lacks in one batch after those that were on their way, or was cut off. */
  async judgeStuck(): Promise<void> {
    await this.#readMetrics()
    const bound = this.#stuck.length * stuckBytesMax
    if (this.waitingBytes > bound) this.wrong.push(`${this.waitingBytes} bytes wait, more than ${bound}`)
    for (const reader of this.#stuck) reader.readAgain()
    await this.#allHere(this.#stuck)
    const cutOff = this.#stuck.filter(({ gone }) => gone)
    for (const { offset } of cutOff) {
      const back = await SlowReader.open(this.#url, this.#stage.channel, `${this.#epoch}:${offset}`)
      if (back.offset < this.#offset) this.wrong.push('one that was cut off was not whole when it came back')
      back.close()
    }
    for (const reader of this.#stuck) {
      if (reader.wrong !== null) this.wrong.push(`of those who did not read, one ${reader.wrong}`)
      if (reader.jumps > 2) this.wrong.push(`one that did not read was brought up to date in ${reader.jumps} batches`)
      reader.close()
    }
    this.#stuck = []
  }

  judgeReaders(): void {
    for (const { wrong, gone } of this.#readers) {
      if (wrong !== null || gone) this.wrong.push(`of those who read, one ${wrong ?? 'was disconnected'}`)
    }
  }

  async close(): Promise<void> {
    for (const reader of [...this.#readers, ...this.#stuck]) reader.close()
    await this.#stage.close()
  }

  async #gather(count: number, into: SlowReader[]): Promise<void> {
    while (into.length < count) {
      const coming = Array.from({ length: Math.min(rampAtOnce, count - into.length) }, () =>
        SlowReader.open(this.#url, this.#stage.channel),
      )
      into.push(...(await Promise.all(coming)))
    }
  }

  async #allHere(readers: readonly SlowReader[]): Promise<void> {
    const here = () => readers.every(({ offset, wrong, gone }) => offset >= this.#offset || wrong !== null || gone)
    await until('everybody has all', here, readMsMax).catch((error: unknown) => this.wrong.push(String(error)))
  }

  /** The headline is the time of the request, by the clock that readers look at. */
  async #publish(chars: number): Promise<void> {
    const response = await fetch(`${this.#url}/v1/channels/${this.#stage.channel}/posts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ headline: `at=${performance.now()}=`, body: { text: 'x'.repeat(chars) } }),
    })
    if (!response.ok) throw new Error(`A post was answered ${response.status}.`)
    const { cursor }: { cursor: string } = await response.json()
    const [epoch = '', offset] = cursor.split(':')
    this.#epoch = epoch
    this.#offset = Number(offset)
  }

  /** Gives how many are behind. */
  async #readMetrics(): Promise<number> {
    const text = await (await fetch(`${this.#url}/metrics`)).text()
    const figure = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
    const behind = figure('wirecopy_followers_behind')
    this.cutOff = figure('wirecopy_followers_cut_off_total')
    this.waitingBytes = Math.max(this.waitingBytes, figure('wirecopy_waiting_bytes'))
    return behind
  }

  #rssMb(): number {
    const status = readFileSync(`/proc/${this.#stage.nodes[0]?.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024
  }
}

interface Told {
  readonly readers: number
  readonly stuck: number
  readonly without: Figures
  readonly withStuck: Figures
  readonly trial: SlowTrial
}

function told({ readers, stuck, without, withStuck, trial }: Told): string[] {
  return [
    `${slowName}: ${readers} that read, ${postsPerSecond} posts a second, publish to receipt`,
    described('without any', without),
    described(`with ${stuck} that do not read`, withStuck),
    `  p99 with them is ${(withStuck.p99Ms / without.p99Ms).toFixed(2)} of that without; ${trial.behind} were counted behind, ` +
      `${trial.cutOff} cut off, ${trial.waitingBytes} bytes waited for them in the node at most`,
    ...new Set(trial.wrong.map((wrong) => `  wrong: ${wrong}`)),
  ]
}
