import type { Command, FeedState, MachineEvent, MachineState, Step, TimerName } from './machine-state.ts'

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

/** The line that was opened has told all there was. One that was tried beside it is not needed. */
export function answered(state: MachineState): Step {
  if (!state.line) return stay(state)
  const commands: Command[] = [{ do: 'stop', timer: 'beside' }]
  if (state.candidate !== null) commands.push({ do: 'drop-candidate' })
  if (state.rung > 0) commands.push(...remember(state))
  const live = toLive({ ...state, candidate: null })
  return { state: live.state, commands: [...commands, ...live.commands] }
}

/** The line has brought no answer for a while: the next transport is tried beside it, in place of one that was tried so. */
export function tryBeside(state: MachineState): Step {
  if (!state.line || !hasNext(state)) return stay(state)
  const rung = ((state.candidate ?? state.rung) + 1) % state.ladder.rungs
  const commands: Command[] = state.candidate === null ? [] : [{ do: 'drop-candidate' }]
  commands.push({ do: 'open-candidate', rung })
  const tried = { ...state, candidate: rung, untried: state.untried - 1 }
  return { state: tried, commands: [...commands, ...waitBeside(tried)] }
}

/** What was tried beside the line failed. If the server asked to be left alone, no more is tried. */
export const tryNextBeside: Handler<'candidate-lost'> = (state, event) => {
  if (state.candidate === null) return stay(state)
  if (event.retryAfterMs === undefined && hasNext(state)) return tryBeside(state)
  const commands: Command[] = [{ do: 'drop-candidate' }, { do: 'stop', timer: 'beside' }]
  return { state: { ...state, candidate: null, untried: 0 }, commands }
}

/** What was tried beside the line was the first to answer. */
export function winBeside(state: MachineState): Step {
  if (state.candidate === null) return stay(state)
  const won = promote(state)
  return { state: won.state, commands: [{ do: 'stop', timer: 'beside' }, ...won.commands, ...remember(won.state)] }
}

/** Opens the line, and sets the time after which another transport is tried beside it. */
export function openFrom(state: MachineState): readonly Command[] {
  return [{ do: 'open', rung: state.rung }, ...waitBeside(state)]
}

function waitBeside(state: MachineState): readonly Command[] {
  return hasNext(state) ? [{ do: 'start', timer: 'beside' }] : []
}

/** A client that the server sent to polling tries nothing else beside it. */
function hasNext({ untried, steeredDown }: MachineState): boolean {
  return untried > 0 && !steeredDown
}

/** A transport that the server sent the client to says nothing about what works here. */
function remember({ rung, steeredDown }: MachineState): readonly Command[] {
  return steeredDown ? [] : [{ do: 'remember', rung }]
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
    const phase = state.phase === 'offline' ? 'offline' : 'connecting'
    const promoted = { ...state, phase, rung: state.candidate, candidate: null, failures } as const
    return {
      state: { ...promoted, failuresOnRung: 0, settled: false },
      commands: [{ do: 'stop', timer: 'settle' }, { do: 'promote' }, ...waitBeside(promoted)],
    }
  }
  const next = nextRung(state)
  const commands: Command[] = [{ do: 'drop' }, ...stopAll('beside', 'settle', 'climb')]
  // Told when to come back, a client does not come sooner.
  if (state.steer === null) commands.push({ do: 'start', timer: 'retry', retryAfterMs: event.retryAfterMs })
  return {
    state: { ...state, ...next, line: false, settled: false, failures, climbTimed: false },
    commands,
  }
}

export function openAgain(state: MachineState): Step {
  if (state.line || state.steer !== null) return stay(state)
  return { state: { ...state, line: true }, commands: openFrom(state) }
}

/** A network is back, or somebody looks at the page: what is waited for has another reason by now. */
export function openSoon(state: MachineState): Step {
  if (state.line || state.steer !== null) return stay(state)
  // Where nothing worked, what works now is unknown: the best is tried first, and the others after it.
  const round = state.phase === 'offline' ? { rung: 0, untried: state.ladder.rungs - 1 } : {}
  return { state: { ...state, ...round }, commands: [{ do: 'start', timer: 'retry', soon: true }] }
}

export function settle(state: MachineState): Step {
  const climbs = state.rung === 0 ? 0 : state.climbs
  const forgotten = { failures: 0, failuresOnRung: 0, gaps: 0, untried: state.ladder.rungs - 1 }
  return { state: { ...state, ...forgotten, settled: true, climbs }, commands: remember(state) }
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
  const commands: Command[] = stopAll('retry', 'beside')
  if (state.candidate !== null) commands.push({ do: 'drop-candidate' })
  if (state.line) commands.push({ do: 'drop' })
  const phase = state.phase === 'catching-up' ? 'connecting' : state.phase
  const told = { ...state, phase, rung, line: true, candidate: null, steer: null, steeredDown } as const
  return { state: { ...told, failuresOnRung: 0, settled: false }, commands: [...commands, ...openFrom(told)] }
}

export function goOffline(state: MachineState): Step {
  const commands = stopAll('settle', 'climb', 'steer', 'beside')
  if (state.candidate !== null) commands.push({ do: 'drop-candidate' })
  if (state.line) commands.push({ do: 'drop' })
  const failures = state.failures + 1
  // Browsers are at times wrong about the network, so it is tried all the same.
  commands.push({ do: 'start', timer: 'retry' })
  const nothing = { line: false, candidate: null, climbTimed: false, steer: null, settled: false } as const
  const untried = state.ladder.rungs - 1
  return { state: { ...state, ...nothing, phase: 'offline', failures, untried }, commands }
}

export function end(state: MachineState): Step {
  const nothing = { line: false, candidate: null, climbTimed: false, steer: null, settled: false } as const
  return { state: { ...state, ...nothing, phase: 'closed' }, commands: [{ do: 'release' }] }
}

function livePhase(state: MachineState): FeedState {
  return state.ended ? 'ended' : 'live'
}

/** Where to go from a rung whose line was lost: stay, fall, or be offline and go round all of them. */
function nextRung(state: MachineState): Pick<MachineState, 'phase' | 'rung' | 'failuresOnRung' | 'untried'> {
  const { rungs, fallAfterTries } = state.ladder
  const next = { rung: (state.rung + 1) % rungs, failuresOnRung: 0, untried: Math.max(0, state.untried - 1) }
  if (state.phase === 'offline') return { phase: 'offline', ...next }
  const failuresOnRung = state.failuresOnRung + (state.settled ? 0 : 1)
  if (failuresOnRung < fallAfterTries) {
    return { phase: 'connecting', rung: state.rung, failuresOnRung, untried: state.untried }
  }
  return { phase: state.untried > 0 ? 'connecting' : 'offline', ...next }
}

function stopAll(...timers: TimerName[]): Command[] {
  return timers.map((timer) => ({ do: 'stop', timer }))
}
