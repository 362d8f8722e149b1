/** Every delay of the client. All of them in milliseconds. */
export interface Timing {
  /** How long a line may take to open. */
  readonly openTimeoutMs: number
  /** How long an answer may take on an open line. */
  readonly answerTimeoutMs: number
  /** How long a transport may go without a first answer before the next one is tried beside it. */
  readonly besideMs: number
  /** How long that one may go without an answer before another one is tried in its place. */
  readonly besideNextMs: number
  /** A stream that brings nothing for so long is dead: the server sends a comment every 10 s. */
  readonly silenceMs: number
  /**
   * A socket that brings nothing for so long is asked for a sign of life, for which it has `answerTimeoutMs`. Not in a
   * page that is hidden. The server's own ping comes every 25 s, so that one question is asked between two of them.
   */
  readonly quietMs: number
  /** The first retry waits up to this; each further one up to twice as long as the one before. */
  readonly retryBaseMs: number
  /** No retry waits longer, unless the server says so. */
  readonly retryCapMs: number
  /** A line that has been live for so long is taken for good: what failed before it is forgotten. */
  readonly settleMs: number
  /** How long to stay on a worse transport before a better one is tried; doubled with each try that fails. */
  readonly climbMs: number
  readonly climbCapMs: number
  /** The same after the server itself sent the client to polling. */
  readonly steeredClimbMs: number
  /** Between two polls, where the server does not say how long. */
  readonly pollMs: number
  /** Between two polls of a channel that has not begun, or has ended. It is also asked when the page is shown. */
  readonly idlePollMs: number
  /** When a channel ends, its followers let go of their lines spread over this time. */
  readonly leaveSpreadMs: number
  /** Between two polls of a page that is hidden and has let go of its stream. It asks at once when it is shown. */
  readonly hiddenPollMs: number
  /**
   * A server's word on a delay (Retry-After, `retryAfterMs`, Wirecopy-Poll-Ms, steer) is taken up to this: a mistaken
   * proxy must not silence a reader for days. It is spread by as much again at most.
   */
  readonly toldCapMs: number
}

export const timingDefaults: Timing = {
  openTimeoutMs: 10_000,
  answerTimeoutMs: 6_000,
  besideMs: 2_000,
  besideNextMs: 700,
  silenceMs: 18_000,
  quietMs: 13_000,
  retryBaseMs: 500,
  retryCapMs: 30_000,
  settleMs: 10_000,
  climbMs: 30_000,
  climbCapMs: 600_000,
  steeredClimbMs: 300_000,
  pollMs: 5_000,
  idlePollMs: 60_000,
  leaveSpreadMs: 10_000,
  hiddenPollMs: 30_000,
  toldCapMs: 300_000,
}

/**
 * How long a server that said `toldMs` is left alone: what it said, and a random part of as much again. Many are told
 * the same at one moment, and must not come back at one moment. `random` is in [0, 1), here and below.
 */
export function toldDelayMs(toldMs: number, timing: Timing, random: number): number {
  return told(toldMs, timing) * (1 + random)
}

/**
 * Full jitter: anywhere between nothing and the bound, which doubles with each failure up to the cap. So an audience
 * that was cut off at one moment comes back spread out. `failures` counts from 1; `leftMs` is what is left of a wait that
 * the server told.
 */
export function retryDelayMs(failures: number, leftMs: number, timing: Timing, random: number): number {
  const bound = Math.min(timing.retryCapMs, timing.retryBaseMs * 2 ** Math.max(0, failures - 1))
  return Math.max(0, leftMs) + random * bound
}

/** Between half of the bound and the bound: a climb that comes at once would undo the fall that led to it. */
export function climbDelayMs(climbs: number, steered: boolean, timing: Timing, random: number): number {
  const bound = steered ? timing.steeredClimbMs : Math.min(timing.climbCapMs, timing.climbMs * 2 ** climbs)
  return bound * (0.5 + random / 2)
}

/** The server's spread keeps an audience that was told at once from coming at once, past the cap as well. */
export function steerDelayMs(
  steer: { afterMs: number; spreadMs: number } | null,
  timing: Timing,
  random: number,
): number {
  return steer === null ? 0 : told(steer.afterMs, timing) + random * told(steer.spreadMs, timing)
}

/**
 * The server's word (0: it said nothing), else the usual; of a channel that is idle (not live) seldom. Up to a tenth later at
 * random, so that pollers who began at one moment drift apart. No more than that, since each is told at a moment of its own.
 */
export function pollDelayMs(toldMs: number, idle: boolean, timing: Timing, random: number): number {
  const delayMs = toldMs > 0 ? told(toldMs, timing) : timing.pollMs
  return (idle ? Math.max(delayMs, timing.idlePollMs) : delayMs) * (1 + random / 10)
}

/** The first poll of a channel that has just ended: anywhere in the first interval, since all its followers hear of it at once. */
export function idleStartMs(timing: Timing, random: number): number {
  return random * timing.idlePollMs
}

export function leaveDelayMs(timing: Timing, random: number): number {
  return random * timing.leaveSpreadMs
}

/** What is no number counts as nothing said. */
function told(ms: number, timing: Timing): number {
  return ms > 0 ? Math.min(ms, timing.toldCapMs) : 0
}
