import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { madeBy, row, withSection } from './page.ts'
import { cells, columns } from './table.ts'
import type { Outcome, TrialOptions } from './trial.ts'

/** What a run found, as a section of a page of the documentation. */
export interface Report {
  readonly options: TrialOptions
  readonly outcomes: readonly Outcome[]
  /** What the slow followers cost, in lines. */
  readonly slow: readonly string[]
  readonly minutes: string
}

export function writeReport(file: string, { options, outcomes, slow, minutes }: Report): void {
  const deliveries = outcomes.reduce((sum, { verdict }) => sum + verdict.deliveries, 0)
  const lines = [
    '## What faults do to followers',
    '',
    `Two nodes, ${options.followers} followers over eight ways to follow, ${options.rate} writes a second. Each fault has servers`,
    `of its own. ${deliveries.toLocaleString('en')} changes that followers were given were checked, in ${minutes} minutes,`,
    `${madeBy()}.`,
    '',
    row(columns),
    row(columns.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...outcomes.map((outcome) => row(cells(outcome))),
    '',
    '`recovery s` is the time from the end of the fault until everybody who is here holds what was first written after it.',
    '`gone` are writes that were acknowledged and went with a log, or with the end of one, that Redis lost; whoever followed',
    'it was told to start over. `unknown` are writes whose last answer never came.',
    '',
    ...slow.flatMap((line) => [line.trim(), '']),
  ]
  const page = existsSync(file) ? readFileSync(file, 'utf8') : ''
  writeFileSync(file, withSection(page, 'faults', lines.join('\n').trimEnd()))
}
