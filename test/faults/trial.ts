import { setTimeout as delay } from 'node:timers/promises'
import { Coverage } from './coverage.ts'
import type { Fault } from './fault.ts'
import { type FaultName, faults } from './faults.ts'
import { isClean, type Verdict } from './judge.ts'
import { Stage } from './stage.ts'
import { until } from './until.ts'

export interface TrialOptions {
  readonly followers: number
  /** How long there is load before the fault, and again after the recovery. */
  readonly loadMs: number
  /** Writes a second. */
  readonly rate: number
  /** The load goes on, before the fault and after, until so many writes have been acknowledged, however slow the machine. */
  readonly writesMin?: number
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

const recoverMsMax = 120_000

/** Runs one fault under load, on servers of its own, and judges what came of it. */
export async function runTrial(
  name: FaultName,
  { followers, loadMs, rate, writesMin = 0 }: TrialOptions,
): Promise<Outcome> {
  const fault: Fault = faults[name]
  const { awayMsMax } = fault.setting
  const stage = await Stage.open(fault.setting)
  const { channels } = stage
  const share = { followers: Math.ceil(followers / channels.length), rate: rate / channels.length, awayMsMax }
  const coverages = channels.map((channel) => new Coverage(stage, { channel, ...share }))
  const failures: string[] = []
  const tolerate = async (work: Promise<unknown>) => {
    await work.catch((error: unknown) => failures.push(error instanceof Error ? error.message : String(error)))
  }
  const acknowledged = () => coverages.reduce((sum, { desk }) => sum + desk.acknowledged.length, 0)
  const load = async () => {
    const due = acknowledged() + writesMin
    await delay(loadMs)
    await until('the load has come about', () => acknowledged() >= due)
  }
  try {
    for (const coverage of coverages) await coverage.begin()
    await load()
    await tolerate(fault.run(stage, coverages))
    const recoveryMs = await recover(coverages)
    await tolerate(stage.ready())
    await tolerate(load())
    await tolerate(Promise.all(coverages.map((coverage) => coverage.end())))
    for (const { audience } of coverages) audience.close()
    const standing = { kept: stage.logChanges, standsTo: stage.standsTo }
    const verdict = sumOf(await Promise.all(coverages.map((coverage) => coverage.judge(standing))))
    failures.push(...stage.fallen(), ...refusals(coverages), ...startsAmiss(fault, verdict))
    if (fault.losesTheEnd === true && verdict.gone === 0)
      failures.push('Nothing was lost: the fault did not come about.')
    return { fault: name, verdict, recoveryMs, failures }
  } finally {
    for (const coverage of coverages) await coverage.close()
    await stage.close()
  }
}

/** Where the log stands, a write may come too late for its limits (409); nothing else is a reason to refuse it. */
function refusals(coverages: readonly Coverage[]): string[] {
  return coverages.flatMap(({ desk: { refused, acknowledged } }) => {
    const stood = new Set(acknowledged.map(({ epoch }) => epoch)).size === 1
    const odd = [...refused].filter(([status]) => status >= 500 || (stood && status !== 409))
    return odd.map(([status, count]) => `${count} writes were refused with ${status}.`)
  })
}

function startsAmiss({ startsOver = false }: Fault, { startedOver, startedOverInVain }: Verdict): string[] {
  if (startedOverInVain > 0) return [`${startedOverInVain} started over, though the log could have served them.`]
  return startsOver && startedOver === 0 ? ['Nobody had to start over: the fault did not come about.'] : []
}

/** Writes show that there is a head, and followers that hold it show that they have recovered. */
async function recover(coverages: readonly Coverage[]): Promise<number | null> {
  const endMs = performance.now()
  const recovered = () => coverages.every((coverage) => coverage.isWholeSince(endMs))
  return await until('everybody is whole', recovered, recoverMsMax).then(
    () => performance.now() - endMs,
    () => null,
  )
}

function sumOf(verdicts: readonly Verdict[]): Verdict {
  const sum = (of: (verdict: Verdict) => number) => verdicts.reduce((total, verdict) => total + of(verdict), 0)
  return {
    acknowledged: sum(({ acknowledged }) => acknowledged),
    unknown: sum(({ unknown }) => unknown),
    deliveries: sum(({ deliveries }) => deliveries),
    lost: sum(({ lost }) => lost),
    repeated: sum(({ repeated }) => repeated),
    reordered: sum(({ reordered }) => reordered),
    gaps: sum(({ gaps }) => gaps),
    leaked: sum(({ leaked }) => leaked),
    startedOver: sum(({ startedOver }) => startedOver),
    startedOverInVain: sum(({ startedOverInVain }) => startedOverInVain),
    gone: sum(({ gone }) => gone),
    notes: verdicts.flatMap(({ notes }) => notes),
  }
}
