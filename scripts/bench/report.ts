import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { SetupError } from '../setup/capture.js'
import type { Measure, Sizes } from './measures/measure.ts'
import { plot } from './plot.ts'
import { verdicts } from './requirements.ts'
import { type Gap, type Reading, Results } from './results.ts'
import { measureRows, verdictRows } from './table.ts'

/** What results.json holds: all that was read, and of what. */
export interface BenchRecord {
  readonly startedAt: string
  readonly machine: Readonly<Record<string, string | number>>
  readonly runs: number
  readonly sizes: Sizes
  readonly results: Results
}

export function recordText({ startedAt, machine, runs, sizes, results }: BenchRecord): string {
  const { readings, gaps } = results
  const all = { startedAt, machine, runs, sizes, verdicts: verdicts(results), readings, gaps }
  return `${JSON.stringify(all, null, 2)}\n`
}

/** Throws a `SetupError` where the file is none that the bench has written. */
export function readRecord(file: string): BenchRecord {
  try {
    const { readings, gaps, ...record } = JSON.parse(readFileSync(file, 'utf8')) as Omit<BenchRecord, 'results'> & {
      readings: Reading[]
      gaps: Gap[]
    }
    const results = new Results()
    results.readings.push(...readings)
    results.gaps.push(...gaps)
    return { ...record, results }
  } catch (error) {
    throw new SetupError(`${file} can't be read as the results of a bench: ${String(error)}`)
  }
}

/** Writes a page of the documentation, and the plot beside it. */
export function writeReport(file: string, record: BenchRecord, measures: readonly Measure[]): void {
  const { results, sizes, machine, startedAt } = record
  // One that was cut short has fewer than it was to make.
  const runs = new Set(results.readings.map(({ run }) => run)).size
  const picture = `${file.replace(/\.md$/, '')}.svg`
  const parts = measures
    .filter(({ name }) => results.readings.some(({ measure }) => measure === name))
    .flatMap((measure) => [
      `## ${measure.name}`,
      sentence(measure.about(sizes)),
      markdownTable(measureRows(results, measure)),
    ])
  const lines = [
    '# How fast Wirecopy is',
    '<!-- Made by "npm run bench -- --peers --write docs/speed.md". -->',
    [
      `The median of ${runs} ${runs === 1 ? 'run' : 'runs'}, and in brackets the least and the greatest, by \`npm run bench -- --peers\` on`,
      `${startedAt.slice(0, 10)} (commit ${machine['commit']}): ${machine['cores']} cores (${machine['processor']}),`,
      `Linux ${machine['kernel']}, Node ${String(machine['node']).slice(1)}, ${version(machine['redis'], 'Redis')},`,
      `${version(machine['nginx'], 'nginx')}. In each run the servers take turns, each started anew. Processor time is of`,
      'all processes of a server; less is better in every figure. What is measured how is in',
      '[CONTRIBUTING.md](../CONTRIBUTING.md#how-fast-it-is).',
    ].join('\n'),
    `![Medians of the figures that all servers have](${basename(picture)})`,
    ...parts,
    '## What is asked of it',
    'By medians; of faults, by the worst run.',
    markdownTable(verdictRows(results)),
  ]
  writeFileSync(file, `${lines.join('\n\n')}\n`)
  writeFileSync(picture, plot(results))
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

function version(printed: string | number | undefined, name: string): string {
  return `${name} ${/(?<!\d)(\d+\.\d+\.\d+)/.exec(String(printed))?.[1] ?? 'unknown'}`
}

/** The first row is the head; all columns but the first are figures. */
function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}
