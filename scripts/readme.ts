/** Puts the tables that are made from the code into README.md and PROTOCOL.md, between their markers. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { settings } from '../src/config.ts'
import { type ErrorCode, errorCodes, problem } from '../src/errors.ts'
import { commandsNeeded } from '../src/log/requirements.ts'
import { oldestBrowsers } from '../src/pages/oldest-browsers.ts'
import { limits } from '../src/wire/limits.ts'
import { type Example, exampleCode, examples } from './documents/examples.ts'
import { postFieldColumns, postFieldRows } from './documents/post-fields.ts'

/** Files with tables in them, by path from the repository's root. */
export const documents = ['README.md', 'src/wire/PROTOCOL.md', 'docs/clients.md'] as const

const tables: Readonly<Record<string, () => string>> = {
  settings: settingsTable,
  limits: limitsTable,
  errors: errorsTable,
  acl: aclRule,
  browsers: browsersTable,
  fields: () => table(postFieldColumns, postFieldRows()),
  ...Object.fromEntries(examples.map((example: Example) => [example.marker, () => exampleCode(example)])),
}

/** What the problems of some codes bring besides the members of RFC 9457, and what a client does about them. */
const errorNotes: Readonly<Partial<Record<ErrorCode, string>>> = {
  'foreign-origin': 'the operator can name the site in `CORS_ORIGINS`',
  invalid: '`errors`: `[{ path, message }]`, 20 at most; `path` is such as `body.authors.0.name` or `query.limit`',
  'missing-scope': '`scope`: the one that is needed',
  'method-not-allowed': '`allow`: the methods, also in `Allow`',
  'already-retracted': '`retraction`: `{ reason, at }` of the first one',
  retracted: '`retraction`: `{ reason, at }`; when the post was read: `post`, its stub',
  'cursor-gone': '`reason`: `epoch`, `too-old` or `ahead`; start over from a snapshot',
  'stale-version': '`version`: the one it is at; read it, fold the edit in, try again',
  'write-conflict': '`Retry-After`; try again',
  'too-many-requests': '`Retry-After`; over a socket `retryAfterMs`',
  'too-many-connections': '`Retry-After`, `retryAfterMs`; close some, or poll',
  unavailable: '`Retry-After`; a write may have been made: try again with the same `Idempotency-Key`',
  overloaded: '`Retry-After`; `retryAfterMs` where a connection was refused; a write has not been made',
  'not-ready':
    '`Retry-After`; `reason`: `starting`, `probe-late` or `stopping`; where a follower was refused, `retryAfterMs`: connect anew',
  internal: 'try again later; a write with the same `Idempotency-Key`',
}

/** The document with its tables as they ought to be. Throws where a marker has no end, or names no table. */
export function renewed(text: string): string {
  return text.replaceAll(/(<!-- (\w+): made by [^>]*-->\n)([\s\S]*?)(<!-- end of (\w+) -->)/g, (...found) => {
    const [, start, name, , end, endName] = found as string[]
    const table = tables[name ?? '']
    if (table === undefined || name !== endName) throw new Error(`No table is made for the marker "${name}"`)
    return `${start}\n${table()}\n\n${end}`
  })
}

function settingsTable(): string {
  // Of a setting that is turned into something else, what is written in the environment is shown.
  const { properties = {} } = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' })
  const rows = Object.entries(properties).map(([name, schema]) => {
    const { default: preset, description = '' } = typeof schema === 'object' ? schema : {}
    // The host's name is another one on each machine.
    if (name === 'NODE_NAME') return [`\`${name}\``, "the host's name", description]
    const written = typeof preset === 'string' ? preset : JSON.stringify(preset)
    return [`\`${name}\``, written === undefined ? '' : `\`${written}\``, description]
  })
  return table(['variable', 'default', 'what it is'], rows)
}

function limitsTable(): string {
  return table(
    ['limit', 'value'],
    Object.entries(limits).map(([name, value]) => [`\`${name}\``, withUnit(name, value)]),
  )
}

/** Units stand at the end of a limit's name, before `Max` where it has that. */
function withUnit(name: string, value: number): string {
  const number = value.toLocaleString('en-US')
  const stem = name.replace(/Max$/, '')
  if (stem.endsWith('Chars')) return `${number} characters`
  if (stem.endsWith('Bytes')) return `${number} bytes`
  if (stem.endsWith('Ms')) return `${number} ms (${value / 3_600_000} h)`
  return number
}

/** The least that a user of Redis must be allowed. */
function aclRule(): string {
  const lines = ['ACL SETUSER wirecopy on >password resetkeys ~wirecopy:* resetchannels -@all']
  for (const name of commandsNeeded) {
    const longer = `${lines.at(-1)} +${name}`
    if (longer.length > 115) lines.push(`+${name}`)
    else lines.splice(-1, 1, longer)
  }
  return ['```', ...lines, '```'].join('\n')
}

/** Browsers by the names that people know them by, with those that are built from the same engine. */
const browserNames: Readonly<Record<keyof typeof oldestBrowsers, string>> = {
  chrome: 'Chrome, also on Android, and others made from Chromium',
  edge: 'Edge',
  firefox: 'Firefox, also on Android',
  safari: 'Safari',
  ios: 'Safari and every other browser on iOS and iPadOS',
}

function browsersTable(): string {
  const rows = (Object.keys(browserNames) as (keyof typeof browserNames)[]).map((name) => {
    return [browserNames[name], oldestBrowsers[name]]
  })
  return table(['browser', 'oldest version'], rows)
}

function errorsTable(): string {
  const rows = errorCodes.map((code) => {
    const { status, title } = problem(code, '')
    return [String(status), `\`${code}\``, title, errorNotes[code] ?? '']
  })
  return table(['status', 'code', 'title', 'further members and headers; what to do'], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

if (import.meta.main) {
  for (const path of documents) {
    const file = join(import.meta.dirname, '..', path)
    const before = readFileSync(file, 'utf8')
    const after = renewed(before)
    if (after !== before) writeFileSync(file, after)
    console.log(`${path}: ${after === before ? 'as it was' : 'renewed'}`)
  }
}
