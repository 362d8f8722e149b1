/** A client that comes back does so within seconds. */
const backWithinMs = 30_000
/** Clients of one address that are waited for at a time: many readers may share it. */
const waitedForMax = 16
const addressesMax = 10_000

/**
 * Clients that were lost at a compressed answer. Some browsers, and some devices on the way, drop a connection at the first
 * compressed message; a stock client then comes back at once, and would be dropped again for ever. So the next one from
 * the same address gets no compression. That may be another client: it is served as well, by more bytes.
 */
export class CompressedLosses {
  readonly #byAddress = new Map<string, { count: number; atMs: number }>()

  /** `nowMs` is of `performance.now()`, here and below. An empty address is one that nobody looked up. */
  note(address: string, nowMs: number): void {
    if (address === '') return
    const count = Math.min(waitedForMax, (this.#byAddress.get(address)?.count ?? 0) + 1)
    // Behind the others, so that the oldest is the first.
    this.#byAddress.delete(address)
    this.#byAddress.set(address, { count, atMs: nowMs })
    const [oldest] = this.#byAddress.keys()
    if (this.#byAddress.size > addressesMax && oldest !== undefined) this.#byAddress.delete(oldest)
  }

  /** Whether anybody is waited for: if not, no address has to be looked up. */
  get any(): boolean {
    return this.#byAddress.size > 0
  }

  /** Whether the client that comes is to do without compression. Each loss counts once. */
  take(address: string, nowMs: number): boolean {
    const lost = this.#byAddress.get(address)
    if (lost === undefined) return false
    lost.count--
    const inTime = nowMs - lost.atMs <= backWithinMs
    if (lost.count === 0 || !inTime) this.#byAddress.delete(address)
    return inTime
  }
}
