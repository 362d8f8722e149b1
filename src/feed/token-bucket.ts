/** Lets so many things through in a second, and so many at once after a pause. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #left: number
  #atMs: number

  /** Times are of one steady clock, in milliseconds. */
  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#left = burst
    this.#atMs = nowMs
  }

  /** Takes so many. Returns false if that many are not left. */
  take(nowMs: number, count = 1): boolean {
    this.#fill(nowMs)
    if (this.#left < count) return false
    this.#left -= count
    return true
  }

  /** Whether it is as a new one would be. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs)
    return this.#left >= this.#burst
  }

  #fill(nowMs: number): void {
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#atMs) * this.#perSecond) / 1_000)
    this.#atMs = nowMs
  }
}
