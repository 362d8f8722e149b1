import { parseArgs } from 'node:util'
import { abuses } from '../test/faults/abuse/abuses.ts'
import { writeAbuses } from '../test/faults/abuse/report.ts'
import { AbuseRun } from '../test/faults/abuse/run.ts'
import * as abuseTable from '../test/faults/abuse/table.ts'
import type { Outcome as AbuseOutcome } from '../test/faults/abuse/trial.ts'
import { type FaultName, faultNames, lacks, waits } from '../test/faults/faults.ts'
import { writeReport } from '../test/faults/report.ts'
import { runSlow, slowName } from '../test/faults/slow.ts'
import { complaints, tableHead, tableRow } from '../test/faults/table.ts'
import { isGood, type Outcome, runTrial, type TrialOptions } from '../test/faults/trial.ts'
import { root } from './setup/prepare.js'
import { ensure, faketime, obtain, redis } from './setup/programs.js'

const help = `Breaks what Wirecopy runs on, under load, and counts what came of it.

  npm run faults
  npm run faults -- --only 'Redis' --followers 200
  npm run faults -- --abuse

  --followers  How many follow, over all transports. Default: 1000
  --seconds    Seconds of load before the fault, and again after the recovery. Default: 4
  --rate       Writes a second. Default: 25
  --only       Only the faults whose name contains this.
  --quick      100 followers and 3 seconds.
  --abuse      Instead of the faults: what hostile clients do to one node. With --quick: less of it, as in npm test.
  --write      A file to write the table to, in Markdown. What else it says stays.

Each fault has two nodes and a redis-server of its own, as processes on loopback; two faults are tried at once. What must
never happen is counted: lost, repeated, reordered, gaps, leaked. The recovery is the time from the fault's end until
everybody who is here holds what was first written after it. The exit code is 1 where anything happened that must not.

The faults: ${faultNames.join(', ')}.

At last '${slowName}': what followers that do not read cost those who do, on one node. It is measured, not judged, save
that nobody may be short, and that what waits for them is bounded.

The abuses: ${abuses.map(({ name }) => name).join(', ')}.
Each has a node of its own. Counted are the node's memory and files, and what others waited meanwhile; the exit code is 1
if one breaks its bound.`

function numberOf(name: string, given: string | undefined, preset: number): number {
  if (given === undefined) return preset
  const number = Number(given)
  if (!Number.isFinite(number) || number <= 0) throw new Error(`--${name}: must be a number above 0: ${given}`)
  return number
}

/** Tried two at a time: the one lane begins with those that mostly wait, which leave the machine to the other lane. */
const lanes = 2

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      followers: { type: 'string' },
      seconds: { type: 'string' },
      rate: { type: 'string' },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      abuse: { type: 'boolean', default: false },
      write: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  if (values.abuse) return await runAbuses(values.only, values.quick, values.write)
  const followers = numberOf('followers', values.followers, values.quick ? 100 : 1_000)
  const loadMs = 1_000 * numberOf('seconds', values.seconds, values.quick ? 3 : 4)
  const rate = numberOf('rate', values.rate, 25)
  const named = (name: string) => name.toLowerCase().includes(values.only.toLowerCase())
  const chosen = faultNames.filter(named)
  if (chosen.length === 0 && !named(slowName)) throw new Error(`--only: no fault is named so: ${values.only}`)
  await ensure(root, redis)
  await obtain(root, faketime)
  const began = performance.now()
  const options = { followers, loadMs, rate }
  const { outcomes, good } = await runAll(chosen, options)
  const slow = named(slowName) ? await runSlow(values.quick) : { good: true, lines: [] }
  for (const line of slow.lines) console.log(line)
  const minutes = ((performance.now() - began) / 60_000).toFixed(1)
  const allIsGood = good && slow.good
  const deliveries = outcomes.reduce((sum, { verdict }) => sum + verdict.deliveries, 0)
  if (values.write !== undefined) writeReport(values.write, { options, outcomes, slow: slow.lines, minutes })
  console.log(
    `${deliveries} deliveries checked in ${minutes} minutes. ${allIsGood ? 'All is well.' : 'Something is wrong: see above.'}`,
  )
  return allIsGood ? 0 : 1
}

async function runAbuses(only: string, quick: boolean, file: string | undefined): Promise<number> {
  const named = abuses.filter(({ name }) => name.toLowerCase().includes(only.toLowerCase()))
  const chosen = named.filter(({ fullOnly = false }) => !(quick && fullOnly))
  if (chosen.length === 0) throw new Error(`--only: no abuse is named so: ${only}`)
  await ensure(root, redis)
  const began = performance.now()
  const outcomes: AbuseOutcome[] = []
  let good = true
  console.log(abuseTable.tableHead())
  const run = await AbuseRun.open(quick ? 'short' : 'full')
  try {
    for (const abuse of chosen) {
      const outcome = await run.try(abuse).catch((error: unknown) => {
        console.log(`${abuse.name}: it could not be judged: ${String(error)}`)
        return null
      })
      good &&= outcome !== null && outcome.broken.length === 0
      if (outcome === null) continue
      outcomes.push(outcome)
      console.log([abuseTable.tableRow(outcome), ...abuseTable.remarks(outcome).map((line) => `  ${line}`)].join('\n'))
    }
  } finally {
    await run.close()
  }
  const minutes = ((performance.now() - began) / 60_000).toFixed(1)
  if (file !== undefined) writeAbuses(file, outcomes, minutes)
  console.log(
    `${chosen.length} abuses in ${minutes} minutes. ${good ? 'All is well.' : 'Something is wrong: see above.'}`,
  )
  return good ? 0 : 1
}

async function runAll(
  chosen: readonly FaultName[],
  options: TrialOptions,
): Promise<{ outcomes: Outcome[]; good: boolean }> {
  const outcomes: Outcome[] = []
  let good = true
  if (chosen.length > 0) console.log(tableHead())
  const tryOne = async (name: FaultName) => {
    const lacking = lacks(name)
    if (lacking !== null) {
      console.log(`${name}: skipped, since this machine lacks ${lacking}.`)
      return
    }
    const outcome = await runTrial(name, options).catch((error: unknown) => {
      console.log(`${name}: it could not be judged: ${String(error)}`)
      return null
    })
    good &&= outcome !== null && isGood(outcome)
    if (outcome === null) return
    console.log([tableRow(outcome), ...complaints(outcome).map((complaint) => `  ${complaint}`)].join('\n'))
    outcomes.push(outcome)
  }
  const waiting = chosen.filter((name) => waits(name))
  const others = chosen.filter((name) => !waits(name))
  const lane = async (first: readonly FaultName[]) => {
    for (const name of first) await tryOne(name)
    for (let next = others.shift(); next !== undefined; next = others.shift()) await tryOne(next)
  }
  await Promise.all(Array.from({ length: lanes }, (_, i) => lane(i === 0 ? waiting : [])))
  // In the order of the table, whichever lane they were in.
  outcomes.sort((a, b) => chosen.indexOf(a.fault) - chosen.indexOf(b.fault))
  return { outcomes, good }
}

// The servers end with this process, however it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

try {
  process.exit(await run())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
