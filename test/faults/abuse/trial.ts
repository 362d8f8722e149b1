import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../until.ts'
import { type Abuse, type Bounds, boundsPreset, type Found, type Scale } from './abuse.ts'
import { Bystander, type Waited } from './bystander.ts'
import type { Taken } from './process-watch.ts'
import type { Scene } from './scene.ts'

/** Files that may still be open once the attackers have gone, beside those from before: of those who use the node on. */
const filesLeftMax = 8
/** How long the node may take to notice that they have gone. */
const noticeMsMax = 60_000
/** What others may wait for an answer, and usually, where time is judged at all. */
const greatestMsMax = 1_500
const medianMsMax = 60
/** How long others use the node before the attack begins. */
const calmMs = 500

/** What an abuse did to the node, and what is wrong with that. */
export interface Outcome {
  readonly name: string
  readonly inputs: number
  readonly rssMb: Taken
  readonly heldMb: Omit<Taken, 'peak'>
  readonly files: Taken
  readonly answered: Waited
  readonly received: Waited
  readonly refused: ReadonlyMap<string, number>
  readonly zeros: Readonly<Record<string, number>>
  readonly told: Readonly<Record<string, number | string>>
  readonly broken: readonly string[]
}

/** Tries one abuse. Times are judged at full scale alone, since a short one runs beside other work. */
export async function tryAbuse(abuse: Abuse, scene: Scene, scale: Scale): Promise<Outcome> {
  try {
    const { watch } = scene
    await abuse.prepare?.(scene, scale)
    await scene.leave()
    const refusedBefore = await scene.refused()
    const heldBefore = await watch.heldMb()
    const before = { rss: watch.rssMb, files: watch.files() }
    watch.start()
    const bystander = new Bystander(scene.url, scene.channel)
    await bystander.start()
    await delay(calmMs)
    const found = await abuse.run(scene, scale)
    await scene.leave()
    await bystander.stop()
    // Whatever is still open then is judged below.
    await until('the files are closed', () => watch.files() <= before.files + filesLeftMax, noticeMsMax).catch(
      () => null,
    )
    const after = { rss: watch.rssMb, files: watch.files() }
    const peak = { rss: watch.rssPeakMb, files: watch.filesPeak }
    watch.stop()
    const heldAfter = await watch.heldMb()
    const refused = difference(await scene.refused(), refusedBefore)
    const ended = scene.node.fell === null ? {} : { 'the node has ended': 1 }
    const zeros = {
      ...found.zeros,
      ...failuresOf(bystander, abuse, scale),
      ...ended,
      ...(await abuse.afterwards?.(scene)),
    }
    const figures = {
      name: abuse.name,
      inputs: found.inputs,
      rssMb: { before: before.rss, peak: peak.rss, after: after.rss },
      heldMb: { before: heldBefore, after: heldAfter },
      files: { before: before.files, peak: peak.files, after: after.files },
      answered: bystander.answered,
      received: bystander.received,
      refused,
      zeros,
      told: found.told ?? {},
    }
    return { ...figures, broken: brokenIn(figures, { ...boundsPreset, ...abuse.bounds?.(scale) }, scale) }
  } finally {
    scene.watch.stop()
    await scene.leave()
  }
}

/** What others were refused, or not told, is wrong. A machine that is busy may have a publisher try again, though. */
function failuresOf({ failures }: Bystander, { mayBeBusy = false }: Abuse, scale: Scale): Found['zeros'] {
  const forgives = mayBeBusy || scale === 'short'
  const wrong = [...failures].filter(([what]) => !(forgives && what === 'publish: 503'))
  return Object.fromEntries(wrong.map(([what, count]) => [`others: ${what}`, count]))
}

function difference(after: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): Map<string, number> {
  return new Map(
    [...after]
      .map(([reason, count]) => [reason, count - (before.get(reason) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  )
}

function brokenIn(figures: Omit<Outcome, 'broken'>, bounds: Bounds, scale: Scale): string[] {
  const { rssMb, heldMb, files, answered, received, zeros } = figures
  const broken: string[] = []
  const bound = (what: string, value: number, max: number) => {
    if (!(value <= max)) broken.push(`${what}: ${Math.round(value)}, more than ${max}`)
  }
  bound('memory grew, in MB', rssMb.peak - rssMb.before, bounds.rssGrowthMbMax)
  bound('memory that is kept grew, in MB', heldMb.after - heldMb.before, bounds.heldGrowthMbMax)
  bound('open files grew', files.peak - files.before, bounds.filesGrowthMax)
  bound('files were left open', files.after - files.before, filesLeftMax)
  for (const [what, count] of Object.entries(zeros)) bound(what, count, 0)
  if (scale === 'short') return broken
  bound('others waited at most, in ms', answered.greatestMs, greatestMsMax)
  bound('others waited usually, in ms', answered.medianMs, medianMsMax)
  bound('a post took to its follower at most, in ms', received.greatestMs, greatestMsMax)
  return broken
}
