import type { Redis } from '../log/connection.ts'
import { opsKeys } from '../log/keys.ts'
import type { OpsChannel, OpsChannels, OpsLost, OpsNode, OpsNodes } from '../wire/ops.ts'
import { dropOf } from './follower-drop.ts'
import { type OpsScripts, opsScriptsOf } from './scripts.ts'

/** How often a process writes down its counts. */
export const reportEveryMs = 2_000
/** A process that has not reported for this long is lost, if it did not take itself out. */
const lostAfterMs = 6_000
/** How long it stays listed. */
const listedMs = 15 * 60_000
/** Channels that a process reports, those with the most followers. */
const channelsPerReportMax = 1_000
/** Processes that are kept, the lost ones among them. Those that reported last stay. */
const processesMax = 1_000
/** Lost processes that an answer tells, those that were lost last. */
const lostToldMax = 100
/** The sum of followers is sampled this often, for as long as a drop is told and a minute more. */
const sampleEveryMs = 5_000
const samplesMax = 200
/** What is left of a Wirecopy that no longer runs. */
const keysExpireMs = 24 * 60 * 60_000

type Totals = OpsNodes['total']

/** What a process says of itself. */
export interface Report extends Omit<OpsNode, 'ageMs' | 'channels'> {
  readonly channels: readonly OpsChannel[]
}

/** What a process said, without the list of its channels. */
type Said = Omit<OpsNode, 'ageMs'>

interface Process {
  readonly said: Said
  /** How old this is, by the clock that says so the loudest: nothing is to look younger than it is. */
  readonly ageMs: number
  /** The same by the registry's clock, which stands while nobody can report. By this one a process is lost. */
  readonly silentMs: number
  /** By the clock of Redis. */
  readonly lastSeenAt: string
  /** Whether another process of the same node and worker has begun to report. */
  readonly replaced: boolean
  readonly channels: readonly OpsChannel[]
}

interface Standing {
  readonly now: number
  readonly live: readonly Process[]
  readonly lost: readonly Process[]
  readonly samples: readonly string[]
}

/**
 * What all processes count. Each writes its own counts, and a sum reads those: nobody is asked and waited for. A process
 * that stops takes itself out. One that only falls silent is lost, and stays listed for a while with what it had. All ages
 * are made in Redis, so clocks of nodes that differ do not matter.
 */
export class Registry {
  readonly #scripts: OpsScripts
  readonly #keys: ReturnType<typeof opsKeys>
  readonly #processId: string

  constructor(redis: Redis, prefix: string, processId: string) {
    this.#scripts = opsScriptsOf(redis)
    this.#keys = opsKeys(prefix)
    this.#processId = processId
  }

  /** Resolves with how many processes are lost and have no successor. */
  async report({ channels, ...rest }: Report): Promise<number> {
    const { clock, seen, processes, channels: channelsKey, places, followers } = this.#keys
    const largest = [...channels].sort((a, b) => b.followers - a.followers).slice(0, channelsPerReportMax)
    const said: Said = { ...rest, channels: largest.length }
    const bounds = [lostAfterMs, listedMs, processesMax, sampleEveryMs, samplesMax, keysExpireMs]
    return await this.#scripts.report(
      [clock, seen, processes, channelsKey, places, followers],
      [this.#processId, placeOf(rest), rest.followers, JSON.stringify(said), JSON.stringify(largest), ...bounds],
    )
  }

  /** A process that stops takes itself out at once. */
  async leave(of: Pick<Report, 'node' | 'worker'>): Promise<void> {
    const { clock, seen, processes, channels, places } = this.#keys
    await this.#scripts.leave([clock, seen, processes, channels, places], [this.#processId, placeOf(of)])
  }

  async nodes(): Promise<OpsNodes> {
    const { now, live, lost, samples } = await this.#standing(false)
    const nodes = live.map(({ said, ageMs }) => ({ ...said, ageMs }))
    const total: Totals = { websocket: 0, polling: 0, sse: 0, followers: 0, behind: 0 }
    for (const { connections, followers, behind } of nodes) add(total, { ...connections, followers, behind })
    const history = samples.map((sample) => {
      const [atMs, followers] = sample.split(' ').map(Number)
      return { atMs: atMs ?? 0, followers: followers ?? 0 }
    })
    return {
      at: new Date().toISOString(),
      nodes: nodes.toSorted(byPlace),
      lost: lost.slice(0, lostToldMax).map(lostOf),
      drop: dropOf([...history, { atMs: now, followers: total.followers }]),
      total,
    }
  }

  async channels(): Promise<OpsChannels> {
    const { live } = await this.#standing(true)
    const sums = new Map<string, Totals>()
    for (const { channels } of live) {
      for (const { channel, ...figures } of channels) {
        const sum = sums.get(channel) ?? { websocket: 0, polling: 0, sse: 0, followers: 0, behind: 0 }
        add(sum, figures)
        sums.set(channel, sum)
      }
    }
    return {
      at: new Date().toISOString(),
      ageMs: Math.max(0, ...live.map(({ ageMs }) => ageMs)),
      channels: [...sums]
        .map(([channel, figures]) => ({ channel, ...figures }))
        .sort((a, b) => b.followers - a.followers || (a.channel < b.channel ? -1 : 1)),
    }
  }

  async #standing(withChannels: boolean): Promise<Standing> {
    const { clock, seen, processes, channels, followers } = this.#keys
    const keys = [clock, seen, processes, channels, followers]
    const [now, flat, samples] = await this.#scripts.standing(keys, [withChannels ? 1 : 0])
    const all: Process[] = []
    for (let i = 0; i < flat.length; i += 6) all.push(processOf(flat.slice(i, i + 6)))
    const isLost = ({ silentMs, replaced }: Process) => replaced || silentMs > lostAfterMs
    const lost = all.filter((one) => isLost(one) && one.silentMs <= listedMs)
    return {
      now,
      live: all.filter((one) => !isLost(one)),
      lost: lost.toSorted((a, b) => a.silentMs - b.silentMs),
      samples,
    }
  }
}

function processOf(values: readonly (string | number)[]): Process {
  const [silent, byWall, at, replaced, said, channels] = values
  const silentMs = Math.max(0, Number(silent))
  return {
    said: JSON.parse(String(said)),
    ageMs: Math.max(silentMs, Number(byWall)),
    silentMs,
    lastSeenAt: new Date(Number(at)).toISOString(),
    replaced: replaced === '1',
    channels: channels === '' ? [] : JSON.parse(String(channels)),
  }
}

function lostOf({ said, silentMs, lastSeenAt, replaced }: Process): OpsLost {
  const { node, worker, startedAt, connections, followers, behind } = said
  return { node, worker, startedAt, connections, followers, behind, lastSeenAt, ageMs: silentMs, replaced }
}

function placeOf({ node, worker }: Pick<Report, 'node' | 'worker'>): string {
  return `${node}/${worker}`
}

function byPlace(a: OpsNode, b: OpsNode): number {
  return a.node === b.node ? a.worker - b.worker : a.node < b.node ? -1 : 1
}

function add(sum: Totals, figures: Readonly<Totals>): void {
  for (const name of ['websocket', 'polling', 'sse', 'followers', 'behind'] as const) sum[name] += figures[name]
}
