import type { Memory } from './memory.ts'
import type { Transport } from './transports.ts'

/** Which transport works here, remembered so that the next load of the page need not find it out again. */
export class BestWay {
  readonly #memory: Memory
  readonly #transports: readonly Transport[]
  /** Feeds that may use other transports learn other things. */
  readonly #name: string

  constructor(memory: Memory, transports: readonly Transport[]) {
    this.#memory = memory
    this.#transports = transports
    this.#name = `way ${transports.join(' ')}`
  }

  /** The rung to begin with. */
  get rung(): number {
    const way = this.#memory.get(this.#name)
    const known: readonly (string | null)[] = this.#transports
    return Math.max(0, known.indexOf(way))
  }

  /** The best transport is where a feed begins anyway, so that it is the worse ones that are written down. */
  remember(rung: number): void {
    if (rung === this.rung) return
    this.#memory.set(this.#name, rung === 0 ? null : (this.#transports[rung] ?? null))
  }
}
