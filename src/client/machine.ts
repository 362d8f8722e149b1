import {
  type FeedState,
  type Ladder,
  ladderDefaults,
  type MachineEvent,
  type MachineState,
  type Step,
} from './machine-state.ts'
import {
  answered,
  askAgain,
  checkCursor,
  climb,
  dropCandidate,
  end,
  followStatus,
  forgetClimb,
  goOffline,
  type Handler,
  lose,
  noteStatus,
  noteSteer,
  openAgain,
  openFrom,
  openSoon,
  promote,
  settle,
  stay,
  steerAnew,
  steerBeside,
  toCatchingUp,
  toLive,
  tryBeside,
  tryNextBeside,
  winBeside,
} from './machine-steps.ts'

type Row = { readonly [K in MachineEvent['kind']]: Handler<K> }

/** What live, ended and behind have in common: a line is in use, and a better one may be tried beside it. */
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
  woke: openSoon,
  'went-offline': goOffline,
  close: end,
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
  ended: { ...inUse, status: followStatus, gap: askAgain, woke: checkCursor },
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
    woke: stay,
    'went-offline': stay,
    close: stay,
  },
}

export function transition(state: MachineState, event: MachineEvent): Step {
  return handlerOf(table[state.phase], event.kind)(state, event)
}

/**
 * Where a feed begins: it opens the transport that is remembered to work, else the best. `ended` is what a snapshot that is
 * at hand says of the channel.
 */
export function begin(rungs: number, ended: boolean, rung = 0, ladder: Omit<Ladder, 'rungs'> = ladderDefaults): Step {
  const state: MachineState = {
    ladder: { ...ladder, rungs },
    phase: 'connecting',
    rung,
    line: true,
    settled: false,
    failures: 0,
    failuresOnRung: 0,
    gaps: 0,
    untried: rungs - 1,
    candidate: null,
    climbs: 0,
    climbTimed: false,
    steer: null,
    steeredDown: false,
    ended,
  }
  return { state, commands: openFrom(state) }
}

/** The row's handler as one for any event: TypeScript can't tie the handler's kind to that of the event beside it. */
function handlerOf(row: Row, kind: MachineEvent['kind']): (state: MachineState, event: MachineEvent) => Step {
  return row[kind] as (state: MachineState, event: MachineEvent) => Step
}
