import { type Command, type Handler, type MachineState, type Step, stay, stopAll } from './machine-state.ts'

/**
 * A channel that is not live needs no line of its own: the line is let go of, and another one polls now and then. If the
 * channel is live, or polled already, nothing changes.
 */
export function rest(state: MachineState): Step {
  if (state.status === 'live' || !state.line || state.idle) return stay(state)
  // What was missed is asked for at once.
  const waits = state.phase !== 'behind'
  return {
    state: { ...state, ...alone, phase: state.status, idle: true },
    commands: [...letGo(state), { do: 'open-idle', waits }],
  }
}

/**
 * The line of a channel that is not live is gone. What the page says of the channel is true whether it is polled or not, so
 * the first failures change nothing.
 */
export const loseIdle: Handler<'lost'> = (state, event) => {
  const failures = state.failures + 1
  const isOffline = state.phase === 'offline' || failures >= state.ladder.idleTriesMax
  const lost = { line: false, idle: false, settled: false, settleTimed: false, failures } as const
  const commands: Command[] = [...letGo(state), { do: 'stop', timer: 'settle' }]
  commands.push({ do: 'start', timer: 'retry', retryAfterMs: event.retryAfterMs })
  return { state: { ...state, ...alone, ...lost, phase: isOffline ? 'offline' : state.status }, commands }
}

/** Somebody looks at the page, or a network is back: what changed meanwhile is asked for now. */
export function pollNow(state: MachineState): Step {
  if (state.line) return { state, commands: [{ do: 'refollow' }] }
  return { state, commands: [{ do: 'start', timer: 'retry', soon: true }] }
}

/** Nothing beside the line, and nothing that would bring something there. */
const alone = { candidate: null, climbTimed: false, leaveTimed: false, steer: null } as const

function letGo(state: MachineState): Command[] {
  const commands = stopAll('beside', 'climb', 'leave', 'steer')
  if (state.candidate !== null) commands.push({ do: 'drop-candidate' })
  commands.push({ do: 'drop' })
  return commands
}
