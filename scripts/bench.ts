import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from './bench/machine.ts'
import type { Sizes } from './bench/measures/measure.ts'
import { measures } from './bench/measures/measures.ts'
import { plot } from './bench/plot.ts'
import { type BenchRecord, readRecord, recordText, writeReport } from './bench/report.ts'
import type { Results } from './bench/results.ts'
import { measureAll } from './bench/runs.ts'
import { measureTable, verdictTable } from './bench/table.ts'
import { SetupError } from './setup/capture.js'
import { root } from './setup/prepare.js'

const help = `Measures Wirecopy on this machine, and with --peers other servers by the same work.

  npm run bench
  npm run bench -- --quick
  npm run bench -- --peers --only deliveries,followers

  --peers      Also, turn by turn: the floor (one send(2) for each follower, in C), Nchan (Debian's nginx), Socket.IO as
               it comes, Socket.IO with the Redis Streams adapter. What each is set to is in scripts/bench/peers.
  --only       Only the measures whose names begin with one of these words, separated by commas.
  --runs       How often all is measured; figures are the median, min and max of that. Default: 5
  --followers  The larger audience; the smaller is a third of it. Default: 15000
  --quick      One run with 1,500 followers and short waits: to see that it works, not to compare by.
  --out        Folder for results.json and results.svg. Default: dist/bench
  --write      A file to write all tables to, in Markdown, with the plot beside it.
  --from       Measures nothing, but shows, and writes, what is in a results.json.

It needs Linux and a C compiler, starts all that it measures on loopback, and ends it. Processor time and memory are read
from /proc, for all processes of a server; Redis has a figure of its own. All of it with --peers takes about an hour and a half.

The measures: ${measures.map(({ name }) => name).join(', ')}.`

const usual = { posts: 30, stayMs: 60_000, stormMs: 10_000, answers: 400 }
const quick = { posts: 10, stayMs: 3_000, stormMs: 2_000, answers: 60 }
const quickFollowers = 1_500
const followersPreset = 15_000
/** What one process of a server, or of the swarm, may have open at most. */
const followersMax = 19_000

function numberOf(name: string, given: string | undefined, preset: number, max: number): number {
  if (given === undefined) return preset
  const number = Number(given)
  if (!Number.isInteger(number) || number < 1 || number > max) {
    throw new SetupError(`--${name}: must be a whole number from 1 to ${max}: ${given}`)
  }
  return number
}

function chosen(only: string) {
  const words = only.split(',').map((word) => word.trim().toLowerCase())
  const found = measures.filter(({ name }) => words.some((word) => name.startsWith(word)))
  if (found.length > 0) return found
  throw new SetupError(
    `--only: no measure is named so: ${only}. There are ${measures.map(({ name }) => name).join(', ')}.`,
  )
}

function sizesOf(followers: string | undefined, isQuick: boolean): Sizes {
  const large = numberOf('followers', followers, isQuick ? quickFollowers : followersPreset, followersMax)
  return { large, small: Math.max(1, Math.round(large / 3)), ...(isQuick ? quick : usual) }
}

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      peers: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      runs: { type: 'string' },
      followers: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'string' },
      from: { type: 'string' },
      out: { type: 'string', default: join(root, 'dist', 'bench') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  if (values.from !== undefined) {
    show(readRecord(values.from), values.write)
    return 0
  }
  const sizes = sizesOf(values.followers, values.quick)
  const runs = numberOf('runs', values.runs, values.quick ? 1 : 5, 100)
  const measured = chosen(values.only)
  const out = resolve(values.out)
  const about = { startedAt: new Date().toISOString(), machine: machine(), runs, sizes }
  mkdirSync(out, { recursive: true })
  const keep = (results: Results) => {
    writeFileSync(join(out, 'results.json'), recordText({ ...about, results }))
    writeFileSync(join(out, 'results.svg'), plot(results))
  }
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const results = await measureAll({ measures: measured, sizes, runs, peers: values.peers, say, keep })
  show({ ...about, results }, values.write)
  console.log(`\nAll of it is in ${relative(process.cwd(), out) || '.'}: results.json, results.svg`)
  return results.gaps.length === 0 ? 0 : 1
}

function show(record: BenchRecord, write: string | undefined): void {
  const { results, sizes, runs } = record
  for (const measure of measures) {
    if ([...results.readings, ...results.gaps].some((one) => one.measure === measure.name)) {
      console.log(`\n${measureTable(results, measure, sizes)}`)
    }
  }
  console.log(`\nWhat is asked, by the median of ${runs} ${runs === 1 ? 'run' : 'runs'}; of faults, by the worst\n`)
  console.log(verdictTable(results))
  if (write !== undefined) writeReport(write, record, measures)
}

// What was started ends with this process, however it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

try {
  process.exit(await run())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
