/** Least, middle and greatest of several runs. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

/** Null where there are no values. */
export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = values.toSorted((a, b) => a - b)
  const min = sorted.at(0)
  const max = sorted.at(-1)
  if (min === undefined || max === undefined) return null
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? max
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
  return { min, median, max }
}

/** How often each value came, values in rising order. */
export type Histogram = readonly (readonly [value: number, count: number])[]

/** The least value that so large a part (0 to 1) of all is not above: the nearest rank. Null where there is none. */
export function percentile(histogram: Histogram, part: number): number | null {
  const total = histogram.reduce((sum, [, count]) => sum + count, 0)
  const rank = Math.max(1, Math.ceil(total * part))
  let below = 0
  for (const [value, count] of histogram) {
    below += count
    if (below >= rank) return value
  }
  return null
}

export function histogramOf(values: readonly number[]): Histogram {
  return values.toSorted((a, b) => a - b).map((value) => [value, 1])
}

export function merged(histograms: readonly Histogram[]): Histogram {
  const counts = new Map<number, number>()
  for (const [value, count] of histograms.flat()) counts.set(value, (counts.get(value) ?? 0) + count)
  return [...counts].toSorted(([a], [b]) => a - b)
}

/** As people read it: three digits that say something, and no more. */
export function written(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1_000) return Math.round(value).toLocaleString('en-US')
  if (size >= 100) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  return value.toFixed(size >= 0.1 ? 2 : 3)
}
