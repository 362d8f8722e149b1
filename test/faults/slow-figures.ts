/** What is measured in a phase, of those who read. */
export interface Figures {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly rssMb: number
  /** How late this process's own turns were: what is measured can't be better than who measures it. */
  readonly ownLagMs: number
}

export function medians(figures: readonly Figures[]): Figures {
  const median = (of: (one: Figures) => number) => {
    const sorted = figures.map(of).sort((a, b) => a - b)
    const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1)
    return middle.reduce((sum, one) => sum + one, 0) / middle.length
  }
  return {
    p50Ms: median((one) => one.p50Ms),
    p99Ms: median((one) => one.p99Ms),
    rssMb: median((one) => one.rssMb),
    ownLagMs: median((one) => one.ownLagMs),
  }
}

export function described(name: string, { p50Ms, p99Ms, rssMb, ownLagMs }: Figures): string {
  return (
    `  ${name.padEnd(28)}p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms, the node's memory ${rssMb.toFixed(0)} MB; ` +
    `this process's own p99 lag ${ownLagMs.toFixed(0)} ms`
  )
}
