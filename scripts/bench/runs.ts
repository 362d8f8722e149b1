import { written } from './figures.ts'
import type { Measure, Sizes } from './measures/measure.ts'
import { Results } from './results.ts'
import { floor } from './servers/floor.ts'
import { nchan } from './servers/nchan.ts'
import type { ServerKind } from './servers/server.ts'
import { redisStreams, stockSocketIo } from './servers/socket-io.ts'
import { wirecopy } from './servers/wirecopy.ts'

const peers: readonly ServerKind[] = [floor, nchan, stockSocketIo, redisStreams]

export interface RunOptions {
  readonly measures: readonly Measure[]
  readonly sizes: Sizes
  readonly runs: number
  readonly peers: boolean
  /** Told of each step, in one line. */
  readonly say: (line: string) => void
  /** Called after each run, so that one that is cut short leaves what it has. */
  readonly keep: (results: Results) => void
}

/** Makes every measure in every run, server after server, so that what else the machine does falls on all alike. */
export async function measureAll({ measures, sizes, runs, peers: asked, say, keep }: RunOptions): Promise<Results> {
  const results = new Results()
  const servers = [wirecopy, ...(asked ? await those(peers, say) : [])]
  await wirecopy.prepare()
  for (let run = 1; run <= runs; run++) {
    for (const measure of measures) {
      // Another one begins each run: the first after a pause may find the machine cooler.
      const taking = servers.filter((server) => server === wirecopy || measure.peers.includes(server.name))
      for (const server of rotated(taking, run - 1))
        await measureOne({ results, run, runs, measure, server, sizes, say })
    }
    keep(results)
  }
  return results
}

interface One {
  readonly results: Results
  readonly run: number
  readonly runs: number
  readonly measure: Measure
  readonly server: ServerKind
  readonly sizes: Sizes
  readonly say: (line: string) => void
}

/** What can't be measured is noted, and the others go on. */
async function measureOne({ results, run, runs, measure, server, sizes, say }: One): Promise<void> {
  const before = performance.now()
  const at = { run, measure: measure.name, server: server.name }
  const done = (what: string) => {
    const seconds = ((performance.now() - before) / 1_000).toFixed(0)
    say(`run ${run} of ${runs}, ${measure.name}, ${server.name} (${seconds} s): ${what}`)
  }
  const lack = measure.lacking?.() ?? null
  if (lack !== null) {
    results.gaps.push({ ...at, why: lack })
    return done(lack)
  }
  try {
    const figures = await measure.run(server, sizes)
    results.readings.push({ ...at, figures })
    const words = Object.entries(figures).map(([name, value]) => `${name} ${value === null ? '–' : written(value)}`)
    done(words.join(', '))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    results.gaps.push({ ...at, why })
    done(`could not be measured: ${why}`)
  }
}

async function those(kinds: readonly ServerKind[], say: (line: string) => void): Promise<ServerKind[]> {
  const there: ServerKind[] = []
  for (const kind of kinds) {
    try {
      await kind.prepare()
      there.push(kind)
    } catch (error) {
      say(`${kind.name} is left out. ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return there
}

function rotated<T>(all: readonly T[], by: number): T[] {
  const start = by % all.length
  return [...all.slice(start), ...all.slice(0, start)]
}
