import type { ChannelStatus } from '../wire/channel.ts'

/**
 * The client's connection as a state machine: what it knows, what may happen to it, and what it asks for. Numbered
 * invariants, which hold after every event:
 *
 *  1. A line is in use (`line`) in `catching-up`, `live` and `behind`; none in `closed`.
 *  2. In `connecting`, `offline`, `scheduled` and `ended` either there is a line or one timer runs (`retry`, or `steer` where
 *     the server said when to come back): the machine is never stuck.
 *  3. A second line (`candidate`) is being tried only beside one that is in use or being opened; there are never more than
 *     two.
 *  4. A line is opened only where the one before it was dropped, promoted over or never was: each open has its close.
 *  5. `failures`, which sets how long retries wait, goes back to 0 only when a line has been live for a while.
 *  6. `rung` is one of the transports: 0 is the best, `rungs - 1` the last.
 *  7. Of `live`, `scheduled` and `ended` it is the one that the channel's status says.
 *  8. `closed` is final: nothing that happens asks for anything.
 *  9. While a line is being opened and transports are left to try (`untried`), either the timer `beside` runs or another
 *     transport is being tried: a line that hangs does not keep the feed from one that works. The one exception is a feed
 *     that the server sent to polling.
 * 10. While the channel is not live, the line is an idle one (`idle`), which polls seldom, or the timer `leave` runs that
 *     makes it one. It has no line beside it, and while the channel is live no line is idle.
 */

/**
 * - `connecting`: a line is being opened, or will be after a wait
 * - `catching-up`: the line is open, what is missing is on its way
 * - `live`: all that there is has been applied, and what comes is applied at once
 * - `behind`: something was missed or may have been (a gap, a page that slept); it has been asked for
 * - `offline`: no transport works now; the feed goes on trying
 * - `scheduled`: coverage has not started; the channel is polled now and then
 * - `ended`: coverage has ended; the channel is polled now and then, since corrections and retractions still come
 * - `closed`: by `close()`, or since there is no such channel; final
 */
export type FeedState = 'connecting' | 'catching-up' | 'live' | 'behind' | 'offline' | 'scheduled' | 'ended' | 'closed'

/** What the machine can do at most. */
export interface Ladder {
  /** How many transports there are. */
  readonly rungs: number
  /** Tries on one transport that fail, or that don't stay live, before the next one is taken. */
  readonly fallAfterTries: number
  /** Gaps that are asked about at once; one more without a quiet while, and the line is given up. */
  readonly gapsMax: number
  /** Tries to poll a channel that is not live that fail one after the other before the feed is offline. */
  readonly idleTriesMax: number
}

export interface MachineState {
  readonly ladder: Ladder
  readonly phase: FeedState
  readonly rung: number
  /** A line is in use or being opened. */
  readonly line: boolean
  /** The line polls a channel that is not live. */
  readonly idle: boolean
  /** The line in use has been live for a while. */
  readonly settled: boolean
  /** The timer runs after which the line is settled. */
  readonly settleTimed: boolean
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
  /** The timer runs after which the line is let go of, since the channel is not live any more. */
  readonly leaveTimed: boolean
  /** What is known of the channel. One of which nothing is known may be live. */
  readonly status: ChannelStatus
}

export type MachineEvent =
  /** The line is open and has asked for what is missing. */
  | { readonly kind: 'opened' }
  /** All that the line was asked for has been applied. */
  | { readonly kind: 'caught-up' }
  | { readonly kind: 'status'; readonly status: ChannelStatus }
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
  | { readonly kind: 'leave-due' }
  /** The page may have slept, or is on a network again. */
  | { readonly kind: 'woke' }
  /** The browser says that there is no network. */
  | { readonly kind: 'went-offline' }
  | { readonly kind: 'close' }

export type TimerName = 'retry' | 'settle' | 'climb' | 'steer' | 'beside' | 'leave'

export type Command =
  | { readonly do: 'open'; readonly rung: number }
  /** Opens a line that polls a channel which is not live: at once, or if it `waits`, some time within its first interval. */
  | { readonly do: 'open-idle'; readonly waits: boolean }
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

export type Handler<K extends MachineEvent['kind']> = (
  state: MachineState,
  event: Extract<MachineEvent, { kind: K }>,
) => Step

/** Nothing to do: the event is late, or says what is known. */
export function stay(state: MachineState): Step {
  return { state, commands: [] }
}

export function stopAll(...timers: TimerName[]): Command[] {
  return timers.map((timer) => ({ do: 'stop', timer }))
}

export const ladderDefaults = { fallAfterTries: 2, gapsMax: 3, idleTriesMax: 3 } as const
