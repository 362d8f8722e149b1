/** Wrong keys that one address may send in a window, before its unknown keys are no longer looked at. */
const failuresMax = 30
const windowMs = 60_000
/** Addresses that are counted, and keys that are remembered, at a time; the oldest go first. */
const entriesMax = 10_000

/**
 * Slows down guessing. An address that sent too many wrong keys has its keys refused unseen until the window is over,
 * except those that were right before: one broken tool, or a stranger behind the same proxy, does not stop a newsroom.
 * Counts are of this process alone, and times are of `performance.now()`, which no change of the clock moves.
 */
export class Attempts {
  readonly #failures = new Map<string, { count: number; readonly untilMs: number }>()
  readonly #recognised = new Set<string>()

  /** Milliseconds for which this key is not looked at; 0 if it is. Times are of `performance.now()`. */
  blockedMs(address: string, keyHash: string, nowMs: number): number {
    const failures = this.#failures.get(address)
    if (failures === undefined || failures.untilMs <= nowMs || failures.count < failuresMax) return 0
    return this.#recognised.has(keyHash) ? 0 : failures.untilMs - nowMs
  }

  failed(address: string, keyHash: string, nowMs: number): void {
    this.#recognised.delete(keyHash)
    const failures = this.#failures.get(address)
    if (failures !== undefined && failures.untilMs > nowMs) {
      failures.count++
      return
    }
    this.#failures.delete(address)
    this.#failures.set(address, { count: 1, untilMs: nowMs + windowMs })
    dropOldest(this.#failures)
  }

  succeeded(keyHash: string): void {
    this.#recognised.delete(keyHash)
    this.#recognised.add(keyHash)
    dropOldest(this.#recognised)
  }
}

function dropOldest(entries: Map<string, unknown> | Set<string>): void {
  if (entries.size <= entriesMax) return
  const [oldest] = entries.keys()
  if (oldest !== undefined) entries.delete(oldest)
}
