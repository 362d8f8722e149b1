import type { Waited } from './bystander.ts'
import type { Taken } from './process-watch.ts'
import type { Outcome } from './trial.ts'

export const columns = [
  'abuse',
  'inputs',
  'memory MB',
  'kept MB',
  'open files',
  'health/live ms',
  'publish to receipt ms',
  'refused',
  'must be zero',
] as const

const widths = [34, 9, 17, 9, 17, 14, 21, 24, 0]

export function tableHead(): string {
  return line(columns)
}

export function tableRow(outcome: Outcome): string {
  return line(cells(outcome))
}

/** Memory and files are told as before, at most and after; what is kept as before and after; times as median and greatest. */
export function cells(outcome: Outcome): string[] {
  const { name, inputs, rssMb, heldMb, files, answered, received, refused, zeros } = outcome
  return [
    name,
    String(inputs),
    taken(rssMb),
    `${whole(heldMb.before)} ${whole(heldMb.after)}`,
    taken(files),
    waited(answered),
    waited(received),
    list(refused) || '-',
    list(Object.entries(zeros)) || '-',
  ]
}

/** What else is worth telling of an outcome, and what is wrong with it, a line each. */
export function remarks({ told, broken }: Outcome): string[] {
  const words = list(Object.entries(told))
  return [...(words === '' ? [] : [words]), ...broken.map((one) => `BROKEN ${one}`)]
}

function taken({ before, peak, after }: Taken): string {
  return [before, peak, after].map(whole).join(' ')
}

function waited({ medianMs, greatestMs }: Waited): string {
  return `${medianMs < 10 ? medianMs.toFixed(1) : whole(medianMs)} ${whole(greatestMs)}`
}

function whole(value: number): string {
  return value.toFixed(0)
}

function list(entries: Iterable<readonly [string, number | string]>): string {
  return [...entries].map(([what, count]) => `${what} ${count}`).join(', ')
}

function line(texts: readonly string[]): string {
  return texts
    .map((text, i) => text.padEnd(widths[i] ?? 0))
    .join(' ')
    .trimEnd()
}
