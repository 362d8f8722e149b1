import { spawn } from 'node:child_process'
import { exitCodeOf } from './capture.js'
import { withFirstOnPath } from './modules.js'

const repeatMsPreset = 1_000

/** @type {NodeJS.Signals[]} */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a program by the Node that was found, with our own input and output, until it ends.
 *
 * It stands in a process group of its own and gets its signals from us alone. Else Ctrl-C would reach it more than once
 * (from the terminal, from npm, from us), and a second signal means "at once". Signals within `repeatMs` (a second) of
 * the first are taken for the same one. `lifeline.js` ends the program should we be killed.
 * @param {string} node
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, repeatMs?: number }} [options]
 * @returns {Promise<number>} the exit code; 128 and the signal's number where a signal ended it
 */
export async function launch(node, args, options = {}) {
  const lifeline = new URL('./lifeline.js', import.meta.url).href
  const child = spawn(node, ['--import', lifeline, ...args], {
    cwd: options.cwd,
    env: withFirstOnPath(options.env ?? process.env, node),
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
  })
  const { repeatMs = repeatMsPreset } = options
  let forwardedAt = Number.NEGATIVE_INFINITY
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    const now = performance.now()
    if (now - forwardedAt < repeatMs) return
    forwardedAt = now
    child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
  }
  for (const signal of forwarded) process.on(signal, forward)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? exitCodeOf(signal ?? '')))
    })
  } finally {
    for (const signal of forwarded) process.off(signal, forward)
  }
}
