import { type Spread, written } from './figures.ts'
import type { Measure, Sizes } from './measures/measure.ts'
import { verdicts } from './requirements.ts'
import type { Results } from './results.ts'

/** The figures of a measure: a row for each, a column for each server, with min, median and max of the runs. */
export function measureRows(results: Results, { name, figures }: Measure): string[][] {
  const servers = results.servers.filter((server) =>
    results.readings.some((one) => one.measure === name && one.server === server),
  )
  const rows = Object.entries(figures).map(([figure, { title, unit }]) => [
    unit === '' ? title : `${title}, ${unit}`,
    ...servers.map((server) => cell(results.spread(name, server, figure))),
  ])
  return servers.length === 0 ? [] : [['median (min–max)', ...servers], ...rows]
}

export function measureTable(results: Results, measure: Measure, sizes: Sizes): string {
  const rows = measureRows(results, measure)
  const why = results.gaps
    .filter((gap) => gap.measure === measure.name)
    .map((gap) => `run ${gap.run}, ${gap.server}: ${gap.why}`)
  const parts = [`${measure.name}: ${measure.about(sizes)}`]
  if (rows.length > 0) parts.push(columns(rows))
  return [...parts, ...why].join('\n')
}

export function verdictRows(results: Results): string[][] {
  const rows = verdicts(results).map(({ what, must, is, reached }) => [
    what,
    must,
    is,
    reached === null ? 'not measured' : reached ? 'reached' : 'NOT REACHED',
  ])
  return [['what is asked', 'must be', 'is', ''], ...rows]
}

export function verdictTable(results: Results): string {
  return columns(verdictRows(results))
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
