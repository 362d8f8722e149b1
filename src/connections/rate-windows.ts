interface Window {
  count: number
  untilMs: number
}

/** Counts what each of many does in a window of time, which begins with the first of it. Counts are of this process alone. */
export class RateWindows {
  readonly #windowMs: number
  readonly #countedMax: number
  /** The one that was seen least recently comes first. */
  readonly #windows = new Map<string, Window>()

  /** `countedMax`: how many are counted at a time; those that were seen least recently are forgotten. */
  constructor(windowMs: number, countedMax: number) {
    this.#windowMs = windowMs
    this.#countedMax = countedMax
  }

  get counted(): number {
    return this.#windows.size
  }

  /**
   * Counts one more. Returns 0 if that makes no more than `max` in this window, else the milliseconds until it ends.
   * Times are of `performance.now()`: a wall clock that is set back would make a window longer than it is.
   */
  take(who: string, max: number, nowMs = performance.now()): number {
    const window = this.#windows.get(who) ?? { count: 0, untilMs: 0 }
    if (window.untilMs <= nowMs) {
      window.count = 0
      window.untilMs = nowMs + this.#windowMs
    }
    window.count++
    this.#windows.delete(who)
    this.#windows.set(who, window)
    if (this.#windows.size > this.#countedMax) {
      const [oldest] = this.#windows.keys()
      if (oldest !== undefined) this.#windows.delete(oldest)
    }
    return window.count <= max ? 0 : window.untilMs - nowMs
  }
}
