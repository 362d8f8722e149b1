/** Timers by name: one of each at most, and all of them stopped at once. */
export class Timers<Name extends string> {
  readonly #running = new Map<Name, ReturnType<typeof setTimeout>>()

  /** Starts the timer, or starts it over. */
  start(name: Name, ms: number, due: () => void): void {
    this.stop(name)
    const timer = setTimeout(() => {
      this.#running.delete(name)
      due()
    }, ms)
    this.#running.set(name, timer)
  }

  stop(name: Name): void {
    clearTimeout(this.#running.get(name))
    this.#running.delete(name)
  }

  stopAll(): void {
    for (const timer of this.#running.values()) clearTimeout(timer)
    this.#running.clear()
  }
}
