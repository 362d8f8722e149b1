import { isGood, type Outcome } from './trial.ts'

export const columns = [
  'fault',
  'acknowledged',
  'deliveries',
  'lost',
  'repeated',
  'reordered',
  'gaps',
  'leaked',
  'recovery s',
  'started over',
  'gone',
  'unknown',
] as const

const width = 12
const faultWidth = 28

export function tableHead(): string {
  return line(columns)
}

export function tableRow(outcome: Outcome): string {
  return line(cells(outcome))
}

export function cells({ fault, verdict, recoveryMs }: Outcome): string[] {
  const { acknowledged, deliveries, lost, repeated, reordered, gaps, leaked, startedOver, gone, unknown } = verdict
  const seconds = recoveryMs === null ? 'never' : (recoveryMs / 1_000).toFixed(1)
  const counts = [
    acknowledged,
    deliveries,
    lost,
    repeated,
    reordered,
    gaps,
    leaked,
    seconds,
    startedOver,
    gone,
    unknown,
  ]
  return [fault, ...counts.map(String)]
}

/** What is wrong with an outcome, a line each; none where all is well. */
export function complaints(outcome: Outcome): string[] {
  if (isGood(outcome)) return []
  const { verdict, recoveryMs, failures } = outcome
  return [...failures, ...(recoveryMs === null ? ['They never recovered.'] : []), ...verdict.notes]
}

function line([fault = '', ...cells]: readonly string[]): string {
  return `${fault.padEnd(faultWidth)}${cells.map((cell) => cell.padStart(width)).join(' ')}`
}
