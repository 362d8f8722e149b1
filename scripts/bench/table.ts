import { type Spread, written } from './figures.ts'
import type { Measure, Sizes } from './measures/measure.ts'
import { verdicts } from './requirements.ts'
import type { Results } from './results.ts'

/** The figures of a measure: a row for each, a column for each server, with min, median and max of the runs. */
export function measureTable(results: Results, { name, about, figures }: Measure, sizes: Sizes): string {
  const { servers } = results
  const rows = Object.entries(figures).map(([figure, { title, unit }]) => [
    unit === '' ? title : `${title}, ${unit}`,
    ...servers.map((server) => cell(results.spread(name, server, figure))),
  ])
  const why = results.gaps
    .filter((gap) => gap.measure === name)
    .map((gap) => `run ${gap.run}, ${gap.server}: ${gap.why}`)
  const parts = [`${name}: ${about(sizes)}`]
  if (servers.length > 0) parts.push(columns([['median (min–max)', ...servers], ...rows]))
  return [...parts, ...why].join('\n')
}

export function verdictTable(results: Results): string {
  const rows = verdicts(results).map(({ what, must, is, reached }) => [
    what,
    must,
    is,
    reached === null ? 'not measured' : reached ? 'reached' : 'NOT REACHED',
  ])
  return columns([['what is asked', 'must be', 'is', ''], ...rows])
}

function cell(spread: Spread | null): string {
  if (spread === null) return '–'
  const { min, median, max } = spread
  return min === max ? written(median) : `${written(median)} (${written(min)}–${written(max)})`
}

/** Columns as wide as their widest cell, for a terminal. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)))
  const line = (row: readonly string[]) => row.map((text, i) => text.padEnd(widths[i] ?? 0)).join('   ')
  return rows.map((row) => `  ${line(row).trimEnd()}`).join('\n')
}
