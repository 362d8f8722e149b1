import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { madeBy, row, withSection } from '../page.ts'
import { cells, columns } from './table.ts'
import type { Outcome } from './trial.ts'

/** Puts what the abuses did into the page of the documentation, and leaves its other section as it is. */
export function writeAbuses(file: string, outcomes: readonly Outcome[], minutes: string): void {
  const inputs = outcomes.reduce((sum, one) => sum + one.inputs, 0)
  const told = outcomes.flatMap((outcome) => {
    const words = Object.entries(outcome.told).map(([what, figure]) => `${what} ${figure}`)
    return words.length === 0 ? [] : [`- ${outcome.name}: ${words.join(', ')}.`]
  })
  const lines = [
    '## What abuse does to a node',
    '',
    `Each abuse has a node of its own. ${inputs.toLocaleString('en')} inputs were tried in ${minutes} minutes, ${madeBy()}.`,
    '',
    row(columns),
    row(columns.map((_, i) => (i === 0 || i === columns.length - 1 ? '---' : '---:'))),
    ...outcomes.map((outcome) => row(cells(outcome))),
    '',
    'Memory (resident) and open files are told as before, at most, and after the attackers have gone; what is kept as before',
    'and after, each after a full collection. Times are the median and the greatest of what others had meanwhile: their',
    '`GET /health/live`, and a follower its posts. `refused` is `wirecopy_refused_total`, by reason.',
    '',
    ...(told.length === 0 ? [] : [...told, '']),
    ...outcomes.flatMap(({ name, broken }) => broken.map((what) => `**${name}** breaks its bound: ${what}.`)),
  ]
  const page = existsSync(file) ? readFileSync(file, 'utf8') : ''
  writeFileSync(file, withSection(page, 'abuse', lines.join('\n').trimEnd()))
}
