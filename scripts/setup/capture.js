import { spawn } from 'node:child_process'

const outputCharactersMax = 100_000
const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

/** Why a script of ours stops. The message is all that the user is shown. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = 1) {
    super(message)
    this.name = 'SetupError'
    this.exitCode = exitCode
  }
}

/**
 * The exit code by which shells report an end by signal.
 * @param {string} signal
 */
export function exitCodeOf(signal) {
  return 128 + (Object.entries(signalNumbers).find(([name]) => name === signal)?.[1] ?? 9)
}

/**
 * Runs a command with its output kept instead of shown. A signal to us goes on to the command, and throws once it is
 * over, so that whoever opened something can close it.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, output: string }>} the last of stdout and stderr, as they came
 */
export async function capture(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  /** @param {string} text */
  const keep = (text) => {
    output = (output + text).slice(-outputCharactersMax)
  }
  child.stdout.setEncoding('utf8').on('data', keep)
  child.stderr.setEncoding('utf8').on('data', keep)

  /** @type {string | undefined} */
  let stoppedBy
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => {
    stoppedBy = signal
    child.kill(signal)
  }
  for (const signal of Object.keys(signalNumbers)) process.on(signal, stop)
  try {
    const code = await ended(child)
    if (stoppedBy !== undefined) throw new SetupError('', exitCodeOf(stoppedBy))
    return { code, output }
  } finally {
    for (const signal of Object.keys(signalNumbers)) process.off(signal, stop)
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>}
 */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? exitCodeOf(signal ?? '')))
  })
}

/**
 * Runs a command that must succeed; its output is shown only where it does not.
 * @param {string} purpose completes "… failed"
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export async function must(purpose, command, args, options = {}) {
  const { code, output } = await capture(command, args, options).catch((error) => {
    if (error instanceof SetupError) throw error
    throw new SetupError(`${purpose} failed: ${command} could not be started (${error.code ?? error.message}).`)
  })
  if (code !== 0) {
    throw new SetupError(
      `${output.trimEnd()}\n${purpose} failed: "${[command, ...args].join(' ')}" ended with ${code}.`,
    )
  }
  return output
}

/**
 * One line on what is being done. On stderr, so that what a command prints on stdout can be piped.
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`${line}\n`)
}

/**
 * Runs a script's whole work and ends the process with the code that it gives.
 * @param {() => Promise<number>} work
 */
export async function runAsScript(work) {
  try {
    process.exitCode = await work()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    if (error.message !== '') say(error.message)
    process.exitCode = error.exitCode
  }
}
