/** A refusal makes each further wait twice as long, up to this many times the usual. */
const stretchMax = 16
/** How much of the stretch each answer takes back: some twenty answers after one refusal, polls come as usual. */
const relaxBy = 0.05

/**
 * How much more seldom than usual a poller asks, because the server refused it for asking too often. Readers behind one
 * address share what the server allows it, and none of them knows of the others: so they find their rate together.
 */
export class Pace {
  #stretch = 1

  get slowed(): boolean {
    return this.#stretch > 1
  }

  refused(): void {
    this.#stretch = Math.min(stretchMax, this.#stretch * 2)
  }

  answered(): void {
    this.#stretch = Math.max(1, this.#stretch - relaxBy)
  }

  /** The wait in the place of `usualMs`: longer, but not past `capMs` for that reason. */
  waitMs(usualMs: number, capMs: number): number {
    return Math.max(usualMs, Math.min(usualMs * this.#stretch, capMs))
  }
}
