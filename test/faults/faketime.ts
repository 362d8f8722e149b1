import { existsSync, globSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the packages of Debian and of Fedora put it. */
const places = ['/usr/lib/*/faketime/libfaketimeMT.so.1', '/usr/lib64/faketime/libfaketimeMT.so.1']

/** The library that, loaded before others, tells a program another time; null where there is none. */
function findFaketime(): string | null {
  return places.flatMap((place) => globSync(place)).find((path) => existsSync(path)) ?? null
}

/** What the machine lacks where clocks can't be made to jump. */
export function lacksFaketime(): string | null {
  return findFaketime() === null ? "libfaketime (Debian's package faketime)" : null
}

/** The wall clock of a program, which jumps while it runs. Its steady clock goes on as the kernel's does. */
export class Clock {
  readonly #file: string

  constructor(folder: string) {
    this.#file = join(folder, 'clock')
    if (!existsSync(this.#file)) this.set(0)
  }

  /** Sets it so many seconds past the machine's. The program knows within a second, the time for which it caches. */
  set(seconds: number): void {
    // In one step, so that a file of no text is never read.
    writeFileSync(`${this.#file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`)
    renameSync(`${this.#file}.new`, this.#file)
  }

  /** The variables with which the program must be started. */
  get env(): Record<string, string> {
    return {
      // Debian's redis-server takes its memory from jemalloc, which asks for the time before this library can tell it
      // (wolfcw/libfaketime#130); with the C library named before it, memory comes from there.
      LD_PRELOAD: `${findFaketime()}:libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: '1',
      // Its name in old versions, and in new ones.
      DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
  }
}
