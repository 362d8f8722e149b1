import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { redisServer } from './redis-program.ts'
import { cells, columns } from './table.ts'
import type { Outcome, TrialOptions } from './trial.ts'

/** What a run found, as a page of the documentation. */
export interface Report {
  readonly options: TrialOptions
  readonly outcomes: readonly Outcome[]
  /** What the slow followers cost, in lines. */
  readonly slow: readonly string[]
  readonly minutes: string
}

export function writeReport(file: string, { options, outcomes, slow, minutes }: Report): void {
  const deliveries = outcomes.reduce((sum, { verdict }) => sum + verdict.deliveries, 0)
  const row = (texts: readonly string[]) => `| ${texts.join(' | ')} |`
  const lines = [
    '# What faults do to Wirecopy',
    '',
    '<!-- Made by "npm run faults -- --write docs/faults.md". -->',
    '',
    `Two nodes, ${options.followers} followers over eight ways to follow, ${options.rate} writes a second. Each fault has servers`,
    `of its own. ${deliveries.toLocaleString('en')} changes that followers were given were checked, in ${minutes} minutes on`,
    `${availableParallelism()} cores, by Node ${process.versions.node} and ${redisVersion()}, on ${new Date().toISOString().slice(0, 10)}.`,
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
  writeFileSync(file, `${lines.join('\n').trimEnd()}\n`)
}

function redisVersion(): string {
  const { stdout } = spawnSync(redisServer(), ['--version'], { encoding: 'utf8' })
  return `Redis ${/v=(\S+)/.exec(stdout)?.[1] ?? 'unknown'}`
}
