import { setTimeout as delay } from 'node:timers/promises'
import type { Encoded } from '../log/log.ts'
import type { Batch, Snapshot } from '../wire/batch.ts'
import type { ResetReason } from '../wire/events.ts'
import type { Cursor } from '../wire/scalars.ts'

/** Where a follower starts. */
export type Start =
  | { readonly kind: 'batch'; readonly batch: Encoded<Batch> }
  | { readonly kind: 'snapshot'; readonly snapshot: Encoded<Snapshot>; readonly reset: ResetReason | null }

/** Least time from one reading to the next. Nobody sees it, and a crowd at the door costs the store a few reads in it. */
const readEveryMs = 50

/**
 * Where those start who come to one channel. What is read is read for all who ask for the same within a few
 * milliseconds, and always after they asked: so nobody starts at what was overtaken when he came.
 */
export class Starts {
  readonly #read: (after: Cursor | undefined) => Promise<Start>
  /** Asked for, and not begun to be read. */
  readonly #asked = new Map<Cursor | undefined, Promise<Start>>()
  #opening: Promise<void> | null = null
  #openedAt = Number.NEGATIVE_INFINITY

  constructor(read: (after: Cursor | undefined) => Promise<Start>) {
    this.#read = read
  }

  /** Throws what the reading throws. */
  get(after: Cursor | undefined): Promise<Start> {
    const asked = this.#asked.get(after)
    if (asked !== undefined) return asked
    this.#opening ??= this.#open()
    const reading = this.#opening.then(() => this.#read(after))
    this.#asked.set(after, reading)
    return reading
  }

  async #open(): Promise<void> {
    const waitMs = this.#openedAt + readEveryMs - performance.now()
    // Also where nobody has to wait: all who ask at once are to be among those who are read for.
    await (waitMs > 0 ? delay(waitMs) : Promise.resolve())
    this.#openedAt = performance.now()
    this.#opening = null
    this.#asked.clear()
  }
}
