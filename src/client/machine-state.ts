/**
 * The client's connection as a state machine: what it knows, what may happen to it, and what it asks for. Numbered
 * invariants, which hold after every event:
 *
 *  1. A line is in use (`line`) in `catching-up`, `live`, `behind` and `ended`; none in `closed`.
 *  2. In `connecting` and `offline` either a line is being opened or one timer runs (`retry`, or `steer` where the server
 *     said when to come back): the machine is never stuck.
 *  3. A second line (`candidate`) is being tried only beside one that is in use or being opened; there are never more than
 *     two.
 *  4. A line is opened only where the one before it was dropped, promoted over or never was: each open has its close.
 *  5. `failures`, which sets how long retries wait, goes back to 0 only when a line has been live for a while.
 *  6. `rung` is one of the transports: 0 is the best, `rungs - 1` the last.
 *  7. Of `live` and `ended` it is the one that the channel's status says.
 *  8. `closed` is final: nothing that happens asks for anything.
 *  9. While a line is being opened and transports are left to try (`untried`), either the timer `beside` runs or another
 *     transport is being tried: a line that hangs does not keep the feed from one that works. The one exception is a feed
 *     that the server sent to polling.
 */

/**
 * - `connecting`: a line is being opened, or will be after a wait
 * - `catching-up`: the line is open, what is missing is on its way
 * - `live`: all that there is has been applied, and what comes is applied at once
 * - `behind`: something was missed or may have been (a gap, a page that slept); it has been asked for
 * - `offline`: no transport works now; the feed goes on trying
 * - `ended`: as `live`, in a channel whose coverage has ended; corrections and retractions still come
 * - `closed`: by `close()`, or since there is no such channel; final
 */
export type FeedState = 'connecting' | 'catching-up' | 'live' | 'behind' | 'offline' | 'ended' | 'closed'

/** What the machine can do at most. */
export interface Ladder {
  /** How many transports there are. */
  readonly rungs: number
  /** Tries on one transport that fail, or that don't stay live, before the next one is taken. */
  readonly fallAfterTries: number
  /** Gaps that are asked about at once; one more without a quiet while, and the line is given up. */
  readonly gapsMax: number
}

export interface MachineState {
  readonly ladder: Ladder
  readonly phase: FeedState
  readonly rung: number
  /** A line is in use or being opened. */
  readonly line: boolean
  /** The line in use has been live for a while. */
  readonly settled: boolean
  /** Lines lost since one settled. */
  readonly failures: number
  readonly failuresOnRung: number
  /** Gaps seen since a line settled. */
  readonly gaps: number
  /** Transports that have had no try in this round. They are the ones that follow the last that was tried, in a circle. */
  readonly untried: number
  /** Rung of the second line, which takes the first one's place when it is live. */
  readonly candidate: number | null
  /** Tries to get back to a better transport since the best one settled. */
  readonly climbs: number
  /** The timer for the next climb runs. */
  readonly climbTimed: boolean
  /** What the server told to do, while the time for it has not come. */
  readonly steer: 'reconnect' | 'poll' | null
  /** The server sent the client to polling. */
  readonly steeredDown: boolean
  /** The channel's status is `ended`. */
  readonly ended: boolean
}

export type MachineEvent =
  /** The line is open and has asked for what is missing. */
  | { readonly kind: 'opened' }
  /** All that the line was asked for has been applied. */
  | { readonly kind: 'caught-up' }
  | { readonly kind: 'status'; readonly ended: boolean }
  /** A batch came that does not follow on what was applied. */
  | { readonly kind: 'gap' }
  | { readonly kind: 'lost'; readonly retryAfterMs?: number | undefined }
  /** The server said that there is nothing to follow. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'retry-due' }
  | { readonly kind: 'settled' }
  | { readonly kind: 'climb-due' }
  | { readonly kind: 'candidate-live' }
  | { readonly kind: 'candidate-lost'; readonly retryAfterMs?: number | undefined }
  /** The line that is being opened has brought no answer for a while. */
  | { readonly kind: 'beside-due' }
  | { readonly kind: 'steered'; readonly action: 'reconnect' | 'poll' }
  | { readonly kind: 'steer-due' }
  /** The page may have slept, or is on a network again. */
  | { readonly kind: 'woke' }
  /** The browser says that there is no network. */
  | { readonly kind: 'went-offline' }
  | { readonly kind: 'close' }

export type TimerName = 'retry' | 'settle' | 'climb' | 'steer' | 'beside'

export type Command =
  | { readonly do: 'open'; readonly rung: number }
  | { readonly do: 'drop' }
  /** Asks the line in use again for all past the cursor. */
  | { readonly do: 'refollow' }
  | { readonly do: 'open-candidate'; readonly rung: number }
  | { readonly do: 'drop-candidate' }
  /** The candidate is now the line in use; the one before it, if any, is closed. */
  | { readonly do: 'promote' }
  /**
   * Starts a timer, or starts it over. How long it runs is for whoever runs it, by what the state says; `soon` is a retry
   * that does not wait out what the failures before it have earned.
   */
  | {
      readonly do: 'start'
      readonly timer: TimerName
      readonly retryAfterMs?: number | undefined
      readonly soon?: boolean
    }
  | { readonly do: 'stop'; readonly timer: TimerName }
  /** This transport works here: the next load of the page begins with it. */
  | { readonly do: 'remember'; readonly rung: number }
  /** Lets go of everything. */
  | { readonly do: 'release' }

export interface Step {
  readonly state: MachineState
  readonly commands: readonly Command[]
}

export const ladderDefaults = { fallAfterTries: 2, gapsMax: 3 } as const
