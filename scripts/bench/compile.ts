import { mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { must } from '../setup/capture.js'
import { root } from '../setup/prepare.js'
import { compiler, ensure } from '../setup/programs.js'

const folder = join(root, 'dist', 'bench', 'bin')

/** Compiles a program of one file in C and gives its path. Where there is no compiler, the error says how to get one. */
export async function compile(source: string): Promise<string> {
  if (process.platform !== 'linux') throw new Error('The bench needs Linux: its swarm uses epoll, its figures /proc.')
  const cc = await ensure(root, compiler)
  mkdirSync(folder, { recursive: true })
  const program = join(folder, basename(source, '.c'))
  await must(`Compiling ${basename(source)}`, cc, ['-O2', '-o', program, source])
  return program
}

export const swarmSource = join(import.meta.dirname, 'swarm.c')
export const floorSource = join(import.meta.dirname, 'peers', 'floor.c')
