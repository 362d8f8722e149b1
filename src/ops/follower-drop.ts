/** How many followers there were, at a time by the registry's clock. */
export interface Sample {
  readonly atMs: number
  readonly followers: number
}

export interface Drop {
  readonly from: number
  readonly to: number
  readonly ageMs: number
}

/** A drop is sudden if so many of the followers, and at least so many, are gone within this time. */
const suddenMsMax = 60_000
const lostPartMin = 0.2
const lostMin = 20
/** It is over when no more than this part of the followers is missing, and is not told for longer than this. */
const missingPartMax = 0.1
const toldMsMax = 15 * 60_000

/**
 * The largest sudden drop that has not been made up for; null if there is none. Samples are in order of time, and the last
 * one is what there is now.
 */
export function dropOf(samples: readonly Sample[]): Drop | null {
  const last = samples.at(-1)
  if (last === undefined) return null
  let largest: Drop | null = null
  let first = 0
  for (const [i, { atMs, followers }] of samples.entries()) {
    while ((samples[first]?.atMs ?? atMs) < atMs - suddenMsMax) first++
    const from = Math.max(...samples.slice(first, i + 1).map((sample) => sample.followers))
    // It began when the first of the samples was so low.
    const began = isDrop(from, followers) && !isDrop(from, samples[i - 1]?.followers ?? from)
    if (!began || last.atMs - atMs > toldMsMax || from <= (largest?.from ?? 0)) continue
    const recovered = samples.slice(i).some((sample) => sample.followers >= from * (1 - missingPartMax))
    if (!recovered) largest = { from, to: last.followers, ageMs: last.atMs - atMs }
  }
  return largest
}

function isDrop(from: number, to: number): boolean {
  return from - to >= lostMin && from - to >= from * lostPartMin
}
