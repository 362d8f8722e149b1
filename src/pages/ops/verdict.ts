import type { OpsLost, OpsNode, OpsNodes } from '../../wire/ops.ts'

/** Older figures say nothing about now. */
const freshMsMax = 10_000

/** What the page was told last. */
export interface Known {
  readonly nodes: OpsNodes
  /** The time since it was asked for: it is older than the figures say by no more than this. */
  readonly sinceMs: number
  /** Whether the server has said since that its store does not answer. Then the figures say nothing about now. */
  readonly refuted: boolean
}

export interface Seen {
  /** Null if nothing was told yet. */
  readonly known: Known | null
  /**
   * Why the last question was not answered: the server's store was away, the server was, or it refused so many questions.
   * Null if it was answered.
   */
  readonly failure: 'store' | 'server' | 'rate' | null
}

export type Level = 'yes' | 'partly' | 'no' | 'not-known'

export interface Verdict {
  readonly level: Level
  /** The sentence for the page, with ages. */
  readonly text: string
  /** The same without ages, which changes only if something has happened: for those who have it read out. */
  readonly summary: string
}

/**
 * Whether readers are being reached. `yes` needs good news, and recent: at least one process, each of them known for the
 * last 10 s and ready, none lost, and followers that have not left suddenly. Nothing that is missing makes it `yes`.
 */
export function verdictOf({ known, failure }: Seen): Verdict {
  if (failure === 'store') return verdict('no', () => 'the server answers, but its Redis does not')
  if (known === null) return verdict('not-known', () => (failure === null ? 'no figures have come yet' : why[failure]))
  const standing = standingOf(known)
  const level = isStale(known) ? 'not-known' : levelOf(standing)
  if (level === 'not-known' && failure === 'server') {
    return verdict(level, (age) => `the server has not answered${age(' for ', known.sinceMs, '')}`)
  }
  if (level === 'not-known' && failure === 'rate') {
    return verdict(level, (age) => `${why.rate}; the newest figures are${age(' ', known.sinceMs, '')} old`)
  }
  if (isStale(known)) return verdict(level, (age) => `the newest figures are${age(' ', known.sinceMs, '')} old`)
  return verdict(level, (age) => clausesOf(standing, age).join('; '))
}

const why = {
  server: 'the server does not answer',
  rate: 'too many questions come with this key, and the server refuses some',
} as const

/** Whether the figures as a whole say nothing about now. */
export function isStale({ sinceMs, refuted }: Known): boolean {
  return refuted || !isFresh(sinceMs)
}

/** Whether what a process said is recent enough. An age that is no number is none that is known. */
export function isFresh(ageMs: number): boolean {
  return ageMs >= 0 && ageMs <= freshMsMax
}

interface Standing {
  readonly ready: readonly OpsNode[]
  readonly notReady: readonly OpsNode[]
  /** Neither lost nor known. */
  readonly silent: readonly OpsNode[]
  readonly lost: readonly OpsLost[]
  readonly replaced: readonly OpsLost[]
  readonly drop: OpsNodes['drop']
  readonly sinceMs: number
}

function standingOf({ nodes: { nodes, lost, drop }, sinceMs }: Known): Standing {
  const known = nodes.filter(({ ageMs }) => isFresh(ageMs + sinceMs))
  return {
    ready: known.filter(({ ready }) => ready),
    notReady: known.filter(({ ready }) => !ready),
    silent: nodes.filter(({ ageMs }) => !isFresh(ageMs + sinceMs)),
    lost: lost.filter(({ replaced }) => !replaced),
    replaced: lost.filter(({ replaced }) => replaced),
    drop,
    sinceMs,
  }
}

function levelOf({ ready, notReady, silent, lost, drop }: Standing): Level {
  if (ready.length === 0) return notReady.length > 0 || (lost.length > 0 && silent.length === 0) ? 'no' : 'not-known'
  return notReady.length + silent.length + lost.length === 0 && drop === null ? 'yes' : 'partly'
}

/** Words an age into the sentence, or leaves it out. */
type Age = (before: string, ms: number, after: string) => string

function clausesOf(standing: Standing, age: Age): string[] {
  const { ready, notReady, silent, lost, replaced, drop, sinceMs } = standing
  const all = ready.length + notReady.length + silent.length + lost.length
  const of = (some: number) => `${some} of ${counted(all, 'process', 'processes')}`
  const clauses: string[] = []
  if (all === 0) clauses.push('no process has reported')
  if (lost.length > 0) {
    const ago = age(lost.length === 1 ? ' ' : ', the last ', newestMs(lost) + sinceMs, ' ago')
    clauses.push(`${of(lost.length)} lost${ago}, ${readersOn(lost)}`)
  }
  if (notReady.length > 0) clauses.push(`${of(notReady.length)} not ready`)
  if (silent.length > 0) clauses.push(`${of(silent.length)} not heard of lately`)
  if (ready.length > 0 && clauses.length === 0) clauses.push(`${of(ready.length)} ready`)
  if (drop !== null) {
    clauses.push(
      `followers fell suddenly${age(' ', drop.ageMs + sinceMs, ' ago')}, from ${whole(drop.from)} to ${whole(drop.to)}`,
    )
  }
  if (replaced.length > 0) {
    const was = `${counted(replaced.length, 'process was', 'processes were')} lost`
    const back = replaced.length === 1 ? 'is back' : 'are back'
    clauses.push(`${was}${age(' ', newestMs(replaced) + sinceMs, ' ago')} and ${back}, ${readersOn(replaced)}`)
  }
  return clauses
}

const leads: Readonly<Record<Level, string>> = {
  yes: 'Readers are being reached',
  partly: 'Readers may not be reached',
  no: 'Readers are not being reached',
  'not-known': 'Not known whether readers are being reached',
}

function verdict(level: Level, why: (age: Age) => string): Verdict {
  return {
    level,
    text: `${leads[level]}: ${why((before, ms, after) => `${before}${seconds(ms)}${after}`)}`,
    summary: `${leads[level]}: ${why(() => '')}`,
  }
}

function newestMs(lost: readonly OpsLost[]): number {
  return Math.min(...lost.map(({ ageMs }) => ageMs))
}

function readersOn(lost: readonly OpsLost[]): string {
  const readers = lost.reduce((sum, { followers }) => sum + followers, 0)
  return `${counted(readers, 'reader was', 'readers were')} on ${lost.length === 1 ? 'it' : 'them'}`
}

const whole = (count: number): string => count.toLocaleString('en')

function counted(count: number, one: string, many: string): string {
  return `${whole(count)} ${count === 1 ? one : many}`
}

/** How long ago something was, for people: whole seconds, from a minute on in minutes too. */
export function seconds(ms: number): string {
  const all = Math.floor(ms / 1_000)
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`
}
