import { writeFileSync } from 'node:fs'
import { madeBy, row } from '../../test/faults/page.ts'
import { type Language, libraryVersion, toolVersion } from './kits.ts'
import { type Result, stepNames } from './steps.ts'

const columns = ['client', 'version', 'transport', 'steps', 'drain s', 'kill s', 'remarks'] as const

export interface Report {
  readonly results: readonly Result[]
  /** What was not tried, and why. */
  readonly skipped: ReadonlyMap<Language, string>
  readonly minutes: string
}

export function isGood({ steps }: Result): boolean {
  return [...steps.values()].every((fault) => fault === null)
}

/** The table, as lines of Markdown, which a terminal shows as well. */
export function table(results: readonly Result[]): string[] {
  const rows = [columns, ...results.map(cells)].map((texts) => texts.map((text) => text.replaceAll('|', '\\|')))
  const widths = columns.map((_, i) => Math.max(...rows.map((texts) => texts[i]?.length ?? 0)))
  const [head, ...body] = rows.map((texts) => row(texts.map((text, i) => text.padEnd(widths[i] ?? 0))))
  return [head ?? '', row(widths.map((width) => '-'.repeat(width))), ...body]
}

function cells({ trial, steps, waitedMs, reopened }: Result): string[] {
  const passed = [...steps.values()].filter((fault) => fault === null).length
  const seconds = (name: 'drain' | 'kill') => {
    const ms = waitedMs.get(name)
    return ms === null || ms === undefined ? '–' : (ms / 1_000).toFixed(1)
  }
  const faults = stepNames.flatMap((name) => {
    const fault = steps.get(name)
    return fault === null || fault === undefined ? [] : [`${name}: ${fault}`]
  })
  if (reopened > 0) faults.push(`gave up, and was opened again, ${reopened} times`)
  const { client, transport } = trial
  return [
    client.name,
    libraryVersion(client),
    transport,
    `${passed} of ${steps.size}`,
    seconds('drain'),
    seconds('kill'),
    faults.join('; ').replaceAll('\n', ' ').slice(0, 300),
  ]
}

export function writeReport(file: string, { results, skipped, minutes }: Report): void {
  const good = results.filter(isGood).length
  const byLanguage = Map.groupBy(results, ({ trial }) => trial.client.language)
  const sections = [...byLanguage].flatMap(([language, some]) => [
    `## ${language}`,
    '',
    `With ${language === 'JavaScript' ? 'Node' : language} ${toolVersion(language)}.`,
    '',
    ...table(some),
    '',
  ])
  const lines = [
    '# Stock clients',
    '',
    '<!-- made by "npm run interop -- --write docs/interop.md" -->',
    '',
    `${good} of ${results.length} clients and transports went through all steps, in ${minutes} minutes, ${madeBy()}.`,
    '',
    ...explanation,
    '',
    ...[...skipped].map(([language, why]) => `Not tried here: ${language}, since ${why}.`),
    ...(skipped.size > 0 ? [''] : []),
    ...sections,
  ]
  writeFileSync(file, `${lines.join('\n').trimEnd()}\n`)
}

const explanation = [
  "Each client follows by a short program of scripts/interop, with the library's default options, by the rules of",
  '[PROTOCOL.md](../src/wire/PROTOCOL.md). Two nodes share one Redis behind the HAProxy of [deploy](../deploy/haproxy.cfg).',
  'A newsroom writes by REST. After each step a client must have been given each change once, in order, with the content',
  'that was written:',
  '',
  '- `follow`: the snapshot. `publish`, `edit` (with a correction), `pin`, `retract`: one change each. `burst`: twelve.',
  '- `drain`: its node gets SIGTERM and ends with 0. `kill`: its node gets SIGKILL. The newsroom goes on by the other node.',
  '- `resume`: the program ends, and is started later with its cursor. What was retracted meanwhile must never come.',
  '- `unfollow` (Socket.IO only): nothing comes until it follows again, and then what it lacks.',
  '',
  '`drain s` and `kill s` are the longest that a client waited for a post meanwhile.',
]
