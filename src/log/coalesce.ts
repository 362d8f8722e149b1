/**
 * Shares one asynchronous read among all who ask for it, yet gives nobody an answer that was already under way when they
 * asked: whoever comes during a run waits for the next one. So what they get was true after they asked, and however
 * many ask, the store is asked once at a time.
 */
export class Coalesced<T> {
  readonly #read: () => Promise<T>
  #running: Promise<T> | null = null
  #next: Promise<T> | null = null

  constructor(read: () => Promise<T>) {
    this.#read = read
  }

  get idle(): boolean {
    return this.#running === null && this.#next === null
  }

  get(): Promise<T> {
    if (this.#next !== null) return this.#next
    if (this.#running === null) return this.#run()
    this.#next = this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = null
        return this.#run()
      })
    return this.#next
  }

  #run(): Promise<T> {
    const running = this.#read().finally(() => {
      if (this.#running === running) this.#running = null
    })
    this.#running = running
    return running
  }
}
