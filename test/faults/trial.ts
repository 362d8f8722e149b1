import { setTimeout as delay } from 'node:timers/promises'
import { Audience } from './audience.ts'
import { Desk } from './desk.ts'
import type { Fault } from './fault.ts'
import { type FaultName, faults } from './faults.ts'
import { readFinal } from './final.ts'
import { isClean, judge, type Verdict } from './judge.ts'
import { adminKey } from './node.ts'
import { Stage } from './stage.ts'
import { until } from './until.ts'

export interface TrialOptions {
  readonly followers: number
  /** How long there is load before the fault, and again after the recovery. */
  readonly loadMs: number
  /** Writes a second. */
  readonly rate: number
}

export interface Outcome {
  readonly fault: FaultName
  readonly verdict: Verdict
  /** From the fault's end until all who are here hold what was first written after it; null where they never did. */
  readonly recoveryMs: number | null
  /** What else went wrong. */
  readonly failures: readonly string[]
}

export function isGood({ verdict, recoveryMs, failures }: Outcome): boolean {
  return isClean(verdict) && recoveryMs !== null && failures.length === 0
}

const gatherMsMax = 60_000
const recoverMsMax = 120_000
const drainMsMax = 60_000

/** Runs one fault under load, on servers of its own, and judges what came of it. */
export async function runTrial(name: FaultName, { followers, loadMs, rate }: TrialOptions): Promise<Outcome> {
  const fault: Fault = faults[name]
  const stage = await Stage.open(fault.setting)
  const { channel } = stage
  const node = () => stage.anyNode()
  const audience = new Audience({ channel, node }, fault.setting.awayMsMax)
  const desk = new Desk({ channel, adminKey, node, rate })
  const failures: string[] = []
  const tolerate = async (work: Promise<void>) => {
    await work.catch((error: unknown) => failures.push(error instanceof Error ? error.message : String(error)))
  }
  try {
    await audience.gather(followers)
    await until('everybody follows', () => audience.witnesses.every(({ cursor }) => cursor !== null), gatherMsMax)
    desk.start()
    audience.startChurn()
    await delay(loadMs)
    await tolerate(fault.run(stage, audience))
    const recoveryMs = await recover(desk, audience)
    await tolerate(stage.ready())
    await delay(loadMs)
    await desk.stop()
    audience.endChurn()
    const { epoch, offset } = await headOf(stage)
    const last = until('everybody holds the log', () => audience.short(epoch, offset) === 0, drainMsMax)
    await tolerate(last)
    audience.close()
    const final = await readFinal(
      stage.nodes.map(({ url }) => url),
      channel,
      stage.logChanges,
    )
    const verdict = judge(desk, audience.witnesses, final, stage.logChanges)
    const stood = desk.acknowledged.every((write) => write.epoch === final.epoch)
    failures.push(...stage.fallen(), ...refusals(desk, stood))
    failures.push(...startsAmiss(fault, verdict))
    return { fault: name, verdict, recoveryMs, failures }
  } finally {
    await desk.stop()
    audience.close()
    await stage.close()
  }
}

/** Where the log stands, a write may come too late for its limits (409); nothing else is a reason to refuse it. */
function refusals({ refused }: Desk, stood: boolean): string[] {
  const odd = [...refused].filter(([status]) => status >= 500 || (stood && status !== 409))
  return odd.map(([status, count]) => `${count} writes were refused with ${status}.`)
}

function startsAmiss({ startsOver = false }: Fault, { startedOver, startedOverInVain }: Verdict): string[] {
  if (startedOverInVain > 0) return [`${startedOverInVain} started over, though the log could have served them.`]
  return startsOver && startedOver === 0 ? ['Nobody had to start over: the fault did not come about.'] : []
}

async function headOf(stage: Stage): Promise<{ epoch: string; offset: number }> {
  const { epoch, offset } = await readFinal([stage.anyNode()], stage.channel, stage.logChanges)
  return { epoch, offset }
}

/** Writes show that there is a head, and followers that hold it show that they have recovered. */
async function recover(desk: Desk, audience: Audience): Promise<number | null> {
  const endMs = performance.now()
  const first = () => desk.acknowledged.find(({ askedMs }) => askedMs >= endMs)
  const recovered = () => {
    const write = first()
    return write !== undefined && audience.short(write.epoch, write.offset) === 0
  }
  return await until('everybody is whole', recovered, recoverMsMax).then(
    () => performance.now() - endMs,
    () => null,
  )
}
