import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'

const setpriv = '/usr/bin/setpriv'

/**
 * Starts a program that does not notice by itself that we are gone. The system kills it then, even where we were killed
 * and had no time to (prctl(2), PR_SET_PDEATHSIG). `setpriv` becomes the program: its process is the program's.
 */
export function spawnLeashed(program: string, args: readonly string[]): ChildProcess {
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  if (!existsSync(setpriv)) return spawn(program, args, { stdio: [...stdio] })
  return spawn(setpriv, ['--pdeathsig', 'KILL', '--', program, ...args], { stdio: [...stdio] })
}
