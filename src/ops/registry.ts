import type { Redis } from '../log/connection.ts'
import { reached } from '../log/connection.ts'
import { opsNode, opsNodes } from '../log/keys.ts'
import type { OpsChannel, OpsChannels, OpsNode, OpsNodes } from '../wire/ops.ts'

/** How often a process writes down its counts. */
export const reportEveryMs = 2_000
/** A process that was killed is gone from the sums after this. */
const reportTtlMs = 8_000
/** Channels that a process reports, those with the most followers. */
const channelsPerReportMax = 1_000
/** Processes that a sum takes in. */
const processesMax = 1_000

type Totals = OpsNodes['total']

/** What a process says of itself. */
export interface Report extends Omit<OpsNode, 'ageMs' | 'channels'> {
  readonly channels: readonly OpsChannel[]
}

/**
 * What all processes count. Each writes its own counts under a key that expires, and a sum reads those keys: nobody is
 * asked and waited for, and who is gone falls out by itself. Ages come of the keys' time to live, so clocks that differ
 * do not matter.
 */
export class Registry {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #processId: string

  constructor(redis: Redis, prefix: string, processId: string) {
    this.#redis = redis
    this.#prefix = prefix
    this.#processId = processId
  }

  async report(report: Report): Promise<void> {
    const largest = [...report.channels].sort((a, b) => b.followers - a.followers).slice(0, channelsPerReportMax)
    const text = JSON.stringify({ ...report, channels: largest })
    await reached(this.#redis.set(opsNode(this.#prefix, this.#processId), text, 'PX', reportTtlMs))
    await reached(this.#redis.sadd(opsNodes(this.#prefix), this.#processId))
  }

  /** A process that stops in good order takes itself out at once. */
  async leave(): Promise<void> {
    await reached(this.#redis.del(opsNode(this.#prefix, this.#processId)))
    await reached(this.#redis.srem(opsNodes(this.#prefix), this.#processId))
  }

  async nodes(): Promise<OpsNodes> {
    const reports = await this.#reports()
    const nodes = reports.map(({ report, ageMs }) => ({ ...report, ageMs, channels: report.channels.length }))
    const total: Totals = { websocket: 0, polling: 0, sse: 0, followers: 0, behind: 0 }
    for (const { connections, followers, behind } of nodes) add(total, { ...connections, followers, behind })
    return { at: new Date().toISOString(), nodes, total }
  }

  async channels(): Promise<OpsChannels> {
    const reports = await this.#reports()
    const sums = new Map<string, Totals>()
    for (const { report } of reports) {
      for (const { channel, ...figures } of report.channels) {
        const sum = sums.get(channel) ?? { websocket: 0, polling: 0, sse: 0, followers: 0, behind: 0 }
        add(sum, figures)
        sums.set(channel, sum)
      }
    }
    return {
      at: new Date().toISOString(),
      ageMs: Math.max(0, ...reports.map(({ ageMs }) => ageMs)),
      channels: [...sums]
        .map(([channel, figures]) => ({ channel, ...figures }))
        .sort((a, b) => b.followers - a.followers || (a.channel < b.channel ? -1 : 1)),
    }
  }

  async #reports(): Promise<{ report: Report; ageMs: number }[]> {
    const ids = (await reached(this.#redis.smembers(opsNodes(this.#prefix)))).sort().slice(0, processesMax)
    const found = await Promise.all(ids.map((id) => this.#reportOf(id)))
    const gone = ids.filter((_, i) => found[i] === null)
    if (gone.length > 0) await reached(this.#redis.srem(opsNodes(this.#prefix), ...gone))
    return found.filter((one) => one !== null)
  }

  async #reportOf(id: string): Promise<{ report: Report; ageMs: number } | null> {
    const key = opsNode(this.#prefix, id)
    const [text, leftMs] = await reached(Promise.all([this.#redis.get(key), this.#redis.pttl(key)]))
    if (text === null) return null
    return { report: JSON.parse(text) as Report, ageMs: Math.min(reportTtlMs, Math.max(0, reportTtlMs - leftMs)) }
  }
}

function add(sum: Totals, figures: Readonly<Totals>): void {
  for (const name of ['websocket', 'polling', 'sse', 'followers', 'behind'] as const) sum[name] += figures[name]
}
