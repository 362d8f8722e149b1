import type { ChannelStatus } from '../wire/channel.ts'
import { pollNow, rest } from './machine-idle.ts'
import {
  type FeedState,
  type Handler,
  type Ladder,
  ladderDefaults,
  type MachineEvent,
  type MachineState,
  type Step,
  stay,
} from './machine-state.ts'
import { followStatus, noteStatus } from './machine-status.ts'
import {
  answered,
  askAgain,
  checkCursor,
  climb,
  dropCandidate,
  end,
  forgetClimb,
  goOffline,
  lose,
  noteSteer,
  openAgain,
  openLine,
  openSoon,
  promote,
  settle,
  steerAnew,
  steerBeside,
  toCatchingUp,
  toLive,
  tryBeside,
  tryNextBeside,
  winBeside,
} from './machine-steps.ts'

type Row = { readonly [K in MachineEvent['kind']]: Handler<K> }

/** What live and behind have in common: a line is in use, and a better one may be tried beside it. */
const inUse = {
  opened: stay,
  'caught-up': toLive,
  lost: lose,
  refused: end,
  'retry-due': stay,
  settled: settle,
  'climb-due': climb,
  'candidate-live': promote,
  'candidate-lost': dropCandidate,
  'beside-due': stay,
  steered: noteSteer,
  'steer-due': steerBeside,
  'leave-due': rest,
  'went-offline': goOffline,
  close: end,
} as const

/**
 * What connecting and offline have in common: a line is being opened, or waited for. Another transport may be tried beside
 * it; the first line that answers wins.
 */
const opening = {
  opened: toCatchingUp,
  // A candidate that was promoted in its middle has been open for long.
  'caught-up': answered,
  status: noteStatus,
  gap: stay,
  lost: lose,
  refused: end,
  'retry-due': openAgain,
  settled: stay,
  'climb-due': forgetClimb,
  'candidate-live': winBeside,
  'candidate-lost': tryNextBeside,
  'beside-due': tryBeside,
  steered: noteSteer,
  'steer-due': steerAnew,
  'leave-due': stay,
  woke: openSoon,
  'went-offline': goOffline,
  close: end,
} as const

/**
 * What scheduled and ended have in common: the channel is polled now and then, by a line that is lost and opened again
 * without a word, or the line from before is about to be let go of.
 */
const idle = {
  ...inUse,
  status: followStatus,
  gap: askAgain,
  'retry-due': openAgain,
  'climb-due': forgetClimb,
  'steer-due': rest,
  woke: pollNow,
} as const

/** Every state and every event: the compiler refuses a table with a hole. */
const table: { readonly [S in FeedState]: Row } = {
  connecting: opening,
  offline: { ...opening, 'went-offline': stay },
  'catching-up': {
    ...opening,
    opened: stay,
    'retry-due': stay,
    woke: stay,
  },
  live: { ...inUse, status: followStatus, gap: askAgain, woke: checkCursor },
  scheduled: idle,
  ended: idle,
  // What was asked for is on its way: more of the same question would change nothing.
  behind: { ...inUse, status: noteStatus, gap: stay, woke: stay },
  closed: {
    opened: stay,
    'caught-up': stay,
    status: stay,
    gap: stay,
    lost: stay,
    refused: stay,
    'retry-due': stay,
    settled: stay,
    'climb-due': stay,
    'candidate-live': stay,
    'candidate-lost': stay,
    'beside-due': stay,
    steered: stay,
    'steer-due': stay,
    'leave-due': stay,
    woke: stay,
    'went-offline': stay,
    close: stay,
  },
}

export function transition(state: MachineState, event: MachineEvent): Step {
  return handlerOf(table[state.phase], event.kind)(state, event)
}

/**
 * Where a feed begins: it opens the transport that is remembered to work, else the best. `status` is what a snapshot that is
 * at hand says of the channel; one of which nothing is known may be live.
 */
export function begin(
  rungs: number,
  status: ChannelStatus,
  rung = 0,
  ladder: Omit<Ladder, 'rungs'> = ladderDefaults,
): Step {
  return openLine({
    ladder: { ...ladder, rungs },
    phase: status === 'live' ? 'connecting' : status,
    rung,
    line: false,
    idle: false,
    settled: false,
    settleTimed: false,
    failures: 0,
    failuresOnRung: 0,
    gaps: 0,
    untried: rungs - 1,
    candidate: null,
    climbs: 0,
    climbTimed: false,
    steer: null,
    steeredDown: false,
    leaveTimed: false,
    status,
  })
}

/** The row's handler as one for any event: TypeScript can't tie the handler's kind to that of the event beside it. */
function handlerOf(row: Row, kind: MachineEvent['kind']): (state: MachineState, event: MachineEvent) => Step {
  return row[kind] as (state: MachineState, event: MachineEvent) => Step
}
