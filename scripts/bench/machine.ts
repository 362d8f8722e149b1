import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { root } from '../setup/prepare.js'
import { find, nchan, redis } from '../setup/programs.js'

/** What the figures are of: without it they can't be compared with others. */
export function machine(): Record<string, string | number> {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    redis: printedBy(find(redis).path, ['--version']),
    nginx: printedBy(find(nchan).path, ['-v']),
    commit: printedBy('git', ['-C', root, 'describe', '--always', '--dirty']),
  }
}

function printedBy(program: string | undefined, args: readonly string[]): string {
  if (program === undefined) return 'not there'
  try {
    // nginx tells its version on stderr.
    return execFileSync('sh', ['-c', '"$@" 2>&1', 'sh', program, ...args], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
