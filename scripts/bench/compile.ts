import { mkdirSync, renameSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { must } from '../setup/capture.js'
import { root } from '../setup/prepare.js'
import { compiler, ensure } from '../setup/programs.js'

const folder = join(root, 'dist', 'bench', 'bin')

/**
 * Compiles a program of one file in C, unless that was done since it was last changed, and gives its path. Where there is
 * no compiler, the error says how to get one.
 */
export async function compile(source: string): Promise<string> {
  if (process.platform !== 'linux') throw new Error('The bench needs Linux: its swarm uses epoll, its figures /proc.')
  const program = join(folder, basename(source, '.c'))
  if (changedAt(program) > changedAt(source)) return program
  const cc = await ensure(root, compiler)
  mkdirSync(folder, { recursive: true })
  // A file that another process runs meanwhile can't be written to, but another one can be put in its place.
  const made = `${program}.${process.pid}`
  await must(`Compiling ${basename(source)}`, cc, ['-O2', '-o', made, source])
  renameSync(made, program)
  return program
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

export const swarmSource = join(import.meta.dirname, 'swarm.c')
export const floorSource = join(import.meta.dirname, 'peers', 'floor.c')
