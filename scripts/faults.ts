import { parseArgs } from 'node:util'
import { faultNames } from '../test/faults/faults.ts'
import { complaints, tableHead, tableRow } from '../test/faults/table.ts'
import { isGood, runTrial } from '../test/faults/trial.ts'
import { root } from './setup/prepare.js'
import { ensure, redis } from './setup/programs.js'

const help = `Breaks what Wirecopy runs on, under load, and counts what came of it.

  npm run faults
  npm run faults -- --only 'Redis' --followers 200

  --followers  How many follow, over all transports. Default: 1000
  --seconds    Seconds of load before the fault, and again after the recovery. Default: 10
  --rate       Writes a second. Default: 25
  --only       Only the faults whose name contains this.
  --quick      100 followers and 3 seconds.

Each fault has two nodes and a redis-server of its own, as processes on loopback. What must never happen is counted:
lost, repeated, reordered, gaps, leaked. The exit code is 1 where any of them did.

The faults: ${faultNames.join(', ')}.`

function numberOf(name: string, given: string | undefined, preset: number): number {
  if (given === undefined) return preset
  const number = Number(given)
  if (!Number.isFinite(number) || number <= 0) throw new Error(`--${name}: must be a number above 0: ${given}`)
  return number
}

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      followers: { type: 'string' },
      seconds: { type: 'string' },
      rate: { type: 'string' },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const followers = numberOf('followers', values.followers, values.quick ? 100 : 1_000)
  const loadMs = 1_000 * numberOf('seconds', values.seconds, values.quick ? 3 : 10)
  const rate = numberOf('rate', values.rate, 25)
  const { only } = values
  const chosen = faultNames.filter((name) => name.toLowerCase().includes(only.toLowerCase()))
  if (chosen.length === 0) throw new Error(`--only: no fault is named so: ${only}`)
  await ensure(root, redis)
  console.log(tableHead())
  let deliveries = 0
  let good = true
  for (const fault of chosen) {
    const outcome = await runTrial(fault, { followers, loadMs, rate }).catch((error: unknown) => {
      console.log(`${fault}: it could not be judged: ${String(error)}`)
      return null
    })
    good &&= outcome !== null && isGood(outcome)
    if (outcome === null) continue
    console.log(tableRow(outcome))
    for (const complaint of complaints(outcome)) console.log(`  ${complaint}`)
    deliveries += outcome.verdict.deliveries
  }
  console.log(`${deliveries} deliveries checked. ${good ? 'All is well.' : 'Something is wrong: see above.'}`)
  return good ? 0 : 1
}

// The servers end with this process, however it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

try {
  process.exit(await run())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
