import { type Command, type Handler, type MachineState, type Step, stay, stopAll } from './machine-state.ts'
import { openLine, toLive, unsettled } from './machine-steps.ts'

/** What the channel's status is, while there is no line that has told all there was. */
export const noteStatus: Handler<'status'> = (state, { status }) => {
  const noted = { ...state, status }
  if (status !== 'live') return stay(noted)
  return state.idle ? connect(noted) : keepLine(noted)
}

/** The same of a feed that is live, or would be if the channel were. */
export const followStatus: Handler<'status'> = (state, { status }) => {
  const noted = { ...state, status }
  if (status !== 'live') return state.line ? toLive(noted) : stay({ ...noted, phase: status })
  if (state.idle || !state.line) return connect(noted)
  const kept = keepLine(noted)
  const live = toLive(kept.state)
  return { state: live.state, commands: [...kept.commands, ...live.commands] }
}

/** The channel is opened again before its line was let go of. */
function keepLine(state: MachineState): Step {
  if (!state.leaveTimed) return stay(state)
  return { state: { ...state, leaveTimed: false }, commands: [{ do: 'stop', timer: 'leave' }] }
}

/** The channel begins, or is opened again. */
function connect(state: MachineState): Step {
  const commands: Command[] = stopAll('settle', 'retry')
  if (state.line) commands.push({ do: 'drop' })
  const untried = state.ladder.rungs - 1
  const opened = openLine({ ...state, ...unsettled, phase: 'connecting', failuresOnRung: 0, untried })
  return { state: opened.state, commands: [...commands, ...opened.commands] }
}
