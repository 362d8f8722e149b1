import { loseIdle, rest } from './machine-idle.ts'
import { type Command, type Handler, type MachineState, type Step, stay, stopAll } from './machine-state.ts'

export function toCatchingUp(state: MachineState): Step {
  if (!state.line) return stay(state)
  return { state: { ...state, phase: 'catching-up' }, commands: [] }
}

/**
 * The line has told all there was, and the clocks run that make it stay or climb. If the channel is not live, the line is
 * let go of after a while: an audience that leaves at once would also come back at once if coverage goes on after all.
 */
export function toLive(state: MachineState): Step {
  if (!state.line) return stay(state)
  const live = state.status === 'live'
  const commands: Command[] = []
  const settle = !state.settled && !state.settleTimed
  if (settle) commands.push({ do: 'start', timer: 'settle' })
  const climb = live && state.rung > 0 && state.candidate === null && !state.climbTimed
  if (climb) commands.push({ do: 'start', timer: 'climb' })
  const leave = !live && !state.idle && !state.leaveTimed
  if (leave) commands.push({ do: 'start', timer: 'leave' })
  const timed = {
    settleTimed: state.settleTimed || settle,
    climbTimed: state.climbTimed || climb,
    leaveTimed: state.leaveTimed || leave,
  }
  return { state: { ...state, ...timed, phase: state.status }, commands }
}

/** The line that was opened has told all there was. One that was tried beside it is not needed. */
export function answered(state: MachineState): Step {
  if (!state.line) return stay(state)
  const commands: Command[] = [{ do: 'stop', timer: 'beside' }]
  if (state.candidate !== null) commands.push({ do: 'drop-candidate' })
  if (state.rung > 0) commands.push(...remember(state))
  const live = toLive({ ...state, candidate: null })
  // A reader who opens the page now comes at a random moment anyway.
  const rested = rest(live.state)
  return { state: rested.state, commands: [...commands, ...live.commands, ...rested.commands] }
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

/** Opens a line that fits the channel's status. If it is live, another transport is tried beside it after a while. */
export function openLine(state: MachineState): Step {
  const idle = state.status !== 'live'
  const opening = { ...state, line: true, idle }
  if (idle) return { state: opening, commands: [{ do: 'open-idle', waits: false }] }
  return { state: opening, commands: [{ do: 'open', rung: state.rung }, ...waitBeside(opening)] }
}

function waitBeside(state: MachineState): readonly Command[] {
  return hasNext(state) ? [{ do: 'start', timer: 'beside' }] : []
}

/** A client that the server sent to polling tries nothing else beside it. */
function hasNext({ untried, steeredDown, idle }: MachineState): boolean {
  return untried > 0 && !steeredDown && !idle
}

/** A transport that the server sent the client to, or that polls now and then, says nothing about what works here. */
function remember({ rung, steeredDown, idle }: MachineState): readonly Command[] {
  return steeredDown || idle ? [] : [{ do: 'remember', rung }]
}

/** Asks for what is missing, unless that has happened so often that the line itself must be at fault. */
export function askAgain(state: MachineState): Step {
  if (!state.line) return stay(state)
  if (state.idle || state.gaps >= state.ladder.gapsMax) return lose(state, { kind: 'lost' })
  return {
    state: { ...state, ...unsettled, phase: 'behind', gaps: state.gaps + 1 },
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
  if (state.status !== 'live') return loseIdle(state, event)
  const failures = state.failures + 1
  if (state.candidate !== null) {
    const phase = state.phase === 'offline' ? 'offline' : 'connecting'
    const promoted = { ...state, phase, rung: state.candidate, candidate: null, failures } as const
    return {
      state: { ...promoted, ...unsettled, failuresOnRung: 0 },
      commands: [{ do: 'stop', timer: 'settle' }, { do: 'promote' }, ...waitBeside(promoted)],
    }
  }
  const next = nextRung(state)
  const commands: Command[] = [{ do: 'drop' }, ...stopAll('beside', 'settle', 'climb')]
  // Told when to come back, a client does not come sooner.
  if (state.steer === null) commands.push({ do: 'start', timer: 'retry', retryAfterMs: event.retryAfterMs })
  return {
    state: { ...state, ...next, ...unsettled, line: false, failures, climbTimed: false },
    commands,
  }
}

export function openAgain(state: MachineState): Step {
  if (state.line || state.steer !== null) return stay(state)
  return openLine(state)
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
  return { state: { ...state, ...forgotten, settled: true, settleTimed: false, climbs }, commands: remember(state) }
}

/** Tries a better transport beside the one in use: the best first, then the ones between. */
export function climb(state: MachineState): Step {
  if (state.rung === 0 || state.candidate !== null || state.status !== 'live') return forgetClimb(state)
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
  const promoted = { ...state, ...unsettled, rung: state.candidate, candidate: null, failuresOnRung: 0 }
  const live = toLive({ ...promoted, climbTimed: false })
  return { state: live.state, commands: [{ do: 'promote' }, { do: 'stop', timer: 'climb' }, ...live.commands] }
}

export function dropCandidate(state: MachineState): Step {
  if (state.candidate === null) return stay(state)
  const climbTimed = state.rung > 0 && state.status === 'live'
  const commands: Command[] = [{ do: 'drop-candidate' }]
  if (climbTimed) commands.push({ do: 'start', timer: 'climb' })
  return { state: { ...state, candidate: null, climbTimed }, commands }
}

export const noteSteer: Handler<'steered'> = (state, event) => {
  if (!state.line || state.idle) return stay(state)
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
  const told = { ...state, ...unsettled, phase, rung, candidate: null, steer: null, steeredDown } as const
  const opened = openLine({ ...told, failuresOnRung: 0 })
  return { state: opened.state, commands: [...commands, ...opened.commands] }
}

export function goOffline(state: MachineState): Step {
  const commands = stopAll('settle', 'climb', 'steer', 'beside', 'leave')
  if (state.candidate !== null) commands.push({ do: 'drop-candidate' })
  if (state.line) commands.push({ do: 'drop' })
  const failures = state.failures + 1
  // Browsers are at times wrong about the network, so it is tried all the same.
  commands.push({ do: 'start', timer: 'retry' })
  const untried = state.ladder.rungs - 1
  return { state: { ...state, ...nothing, phase: 'offline', failures, untried }, commands }
}

export function end(state: MachineState): Step {
  return { state: { ...state, ...nothing, phase: 'closed' }, commands: [{ do: 'release' }] }
}

/** Of a line that has not been live for long. */
export const unsettled = { settled: false, settleTimed: false } as const

/** Neither a line nor a timer. */
const nothing = {
  ...unsettled,
  line: false,
  idle: false,
  candidate: null,
  climbTimed: false,
  leaveTimed: false,
  steer: null,
} as const

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
