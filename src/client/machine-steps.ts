import type { Command, FeedState, MachineEvent, MachineState, Step } from './machine-state.ts'

export type Handler<K extends MachineEvent['kind']> = (
  state: MachineState,
  event: Extract<MachineEvent, { kind: K }>,
) => Step

/** Nothing to do: the event is late, or says what is known. */
export function stay(state: MachineState): Step {
  return { state, commands: [] }
}

export function toCatchingUp(state: MachineState): Step {
  if (!state.line) return stay(state)
  return { state: { ...state, phase: 'catching-up' }, commands: [] }
}

/** The line has told all there was: the feed is live, and the clocks run that make it stay or climb. */
export function toLive(state: MachineState): Step {
  if (!state.line) return stay(state)
  const commands: Command[] = []
  if (!state.settled) commands.push({ do: 'start', timer: 'settle' })
  const climb = state.rung > 0 && state.candidate === null && !state.climbTimed
  if (climb) commands.push({ do: 'start', timer: 'climb' })
  return { state: { ...state, phase: livePhase(state), climbTimed: state.climbTimed || climb }, commands }
}

export const noteStatus: Handler<'status'> = (state, event) => ({
  state: { ...state, ended: event.ended },
  commands: [],
})

export const followStatus: Handler<'status'> = (state, event) => {
  const noted = { ...state, ended: event.ended }
  return { state: { ...noted, phase: livePhase(noted) }, commands: [] }
}

/** Asks for what is missing, unless that has happened so often that the line itself must be at fault. */
export function askAgain(state: MachineState): Step {
  if (state.gaps >= state.ladder.gapsMax) return lose(state, { kind: 'lost' })
  return {
    state: { ...state, phase: 'behind', settled: false, gaps: state.gaps + 1 },
    commands: [{ do: 'stop', timer: 'settle' }, { do: 'refollow' }],
  }
}

/** After a sleep the cursor is checked; the line keeps what it has earned. */
export function checkCursor(state: MachineState): Step {
  return { state: { ...state, phase: 'behind' }, commands: [{ do: 'refollow' }] }
}

/** The line in use is gone: the candidate takes its place, or another one is opened after a wait. */
export const lose: Handler<'lost'> = (state, event) => {
  if (!state.line) return stay(state)
  const failures = state.failures + 1
  if (state.candidate !== null) {
    const promoted = { ...state, phase: 'connecting', rung: state.candidate, candidate: null, failures } as const
    return {
      state: { ...promoted, failuresOnRung: 0, settled: false },
      commands: [{ do: 'stop', timer: 'settle' }, { do: 'promote' }],
    }
  }
  const next = nextRung(state)
  const commands: Command[] = [{ do: 'drop' }, { do: 'stop', timer: 'settle' }, { do: 'stop', timer: 'climb' }]
  // Told when to come back, a client does not come sooner.
  if (state.steer === null) commands.push({ do: 'start', timer: 'retry', retryAfterMs: event.retryAfterMs })
  return {
    state: { ...state, ...next, line: false, settled: false, failures, climbTimed: false },
    commands,
  }
}

export function openAgain(state: MachineState): Step {
  if (state.line || state.steer !== null) return stay(state)
  return { state: { ...state, line: true }, commands: [{ do: 'open', rung: state.rung }] }
}

/** A network is back, or somebody looks at the page: what is waited for has another reason by now. */
export function openSoon(state: MachineState): Step {
  if (state.line || state.steer !== null) return stay(state)
  // Where nothing worked, what works now is unknown: the best is tried first.
  const rung = state.phase === 'offline' ? 0 : state.rung
  return { state: { ...state, rung }, commands: [{ do: 'start', timer: 'retry', soon: true }] }
}

export function settle(state: MachineState): Step {
  const climbs = state.rung === 0 ? 0 : state.climbs
  return { state: { ...state, settled: true, failures: 0, failuresOnRung: 0, gaps: 0, climbs }, commands: [] }
}

/** Tries a better transport beside the one in use: the best first, then the ones between. */
export function climb(state: MachineState): Step {
  if (state.rung === 0 || state.candidate !== null) return forgetClimb(state)
  const rung = state.climbs % state.rung
  return {
    state: { ...state, candidate: rung, climbs: state.climbs + 1, climbTimed: false, steeredDown: false },
    commands: [{ do: 'open-candidate', rung }],
  }
}

export function forgetClimb(state: MachineState): Step {
  return { state: { ...state, climbTimed: false }, commands: [] }
}

export function promote(state: MachineState): Step {
  if (state.candidate === null) return stay(state)
  const promoted = { ...state, rung: state.candidate, candidate: null, settled: false, failuresOnRung: 0 }
  const live = toLive({ ...promoted, climbTimed: false })
  return { state: live.state, commands: [{ do: 'promote' }, { do: 'stop', timer: 'climb' }, ...live.commands] }
}

export function dropCandidate(state: MachineState): Step {
  if (state.candidate === null) return stay(state)
  const climbTimed = state.rung > 0
  const commands: Command[] = [{ do: 'drop-candidate' }]
  if (climbTimed) commands.push({ do: 'start', timer: 'climb' })
  return { state: { ...state, candidate: null, climbTimed }, commands }
}

export const noteSteer: Handler<'steered'> = (state, event) => {
  if (!state.line) return stay(state)
  return { state: { ...state, steer: event.action }, commands: [{ do: 'start', timer: 'steer' }] }
}

/** The time has come that the server told. A line in use is kept until the new one is live. */
export function steerBeside(state: MachineState): Step {
  if (state.steer === null) return stay(state)
  const last = state.ladder.rungs - 1
  const rung = state.steer === 'poll' ? last : state.rung
  const steeredDown = state.steer === 'poll'
  const told = { ...state, steer: null, steeredDown }
  // One that polls already has only to keep to the new interval, and not to climb too soon.
  if (steeredDown && rung === state.rung) {
    return told.climbTimed ? { state: told, commands: [{ do: 'start', timer: 'climb' }] } : stay(told)
  }
  const commands: Command[] = [{ do: 'stop', timer: 'climb' }]
  if (state.candidate !== null) commands.push({ do: 'drop-candidate' })
  commands.push({ do: 'open-candidate', rung })
  return { state: { ...told, candidate: rung, climbTimed: false }, commands }
}

/** The same with no line that is worth keeping. */
export function steerAnew(state: MachineState): Step {
  if (state.steer === null) return stay(state)
  const steeredDown = state.steer === 'poll'
  const rung = steeredDown ? state.ladder.rungs - 1 : state.rung
  const commands: Command[] = state.line ? [{ do: 'drop' }] : []
  const phase = state.phase === 'catching-up' ? 'connecting' : state.phase
  return {
    state: { ...state, phase, rung, line: true, steer: null, steeredDown, failuresOnRung: 0, settled: false },
    commands: [...commands, { do: 'stop', timer: 'retry' }, { do: 'open', rung }],
  }
}

export function goOffline(state: MachineState): Step {
  const commands: Command[] = [
    { do: 'stop', timer: 'settle' },
    { do: 'stop', timer: 'climb' },
    { do: 'stop', timer: 'steer' },
  ]
  if (state.candidate !== null) commands.push({ do: 'drop-candidate' })
  if (state.line) commands.push({ do: 'drop' })
  const failures = state.failures + 1
  // Browsers are at times wrong about the network, so it is tried all the same.
  commands.push({ do: 'start', timer: 'retry' })
  const nothing = { line: false, candidate: null, climbTimed: false, steer: null, settled: false } as const
  return { state: { ...state, ...nothing, phase: 'offline', failures }, commands }
}

export function end(state: MachineState): Step {
  const nothing = { line: false, candidate: null, climbTimed: false, steer: null, settled: false } as const
  return { state: { ...state, ...nothing, phase: 'closed' }, commands: [{ do: 'release' }] }
}

function livePhase(state: MachineState): FeedState {
  return state.ended ? 'ended' : 'live'
}

/** Where to go from a rung whose line was lost: stay, fall, or be offline and go round all of them. */
function nextRung(state: MachineState): Pick<MachineState, 'phase' | 'rung' | 'failuresOnRung'> {
  const { rungs, fallAfterTries } = state.ladder
  if (state.phase === 'offline') return { phase: 'offline', rung: (state.rung + 1) % rungs, failuresOnRung: 0 }
  const failuresOnRung = state.failuresOnRung + (state.settled ? 0 : 1)
  if (failuresOnRung < fallAfterTries) return { phase: 'connecting', rung: state.rung, failuresOnRung }
  if (state.rung + 1 < rungs) return { phase: 'connecting', rung: state.rung + 1, failuresOnRung: 0 }
  return { phase: 'offline', rung: 0, failuresOnRung: 0 }
}
