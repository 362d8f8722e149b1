/**
 * What one connection of Engine.IO has not taken, in bytes, and since when. Engine.IO says when it gives what it has to
 * its transport (`flushed`), and when the transport is done with that and takes more (`taken`): long polling once the
 * client polls again, a websocket once the bytes are with the system.
 */
export class StockWaiting {
  /** Not given to the transport yet. */
  #buffered = 0
  /** Given to the transport, which is not done with it. */
  #sending = 0
  #sinceMs: number | null = null

  get bytes(): number {
    return this.#buffered + this.#sending
  }

  /** Since when the other side has taken nothing of what waits (`performance.now()`); null if nothing waits. */
  get sinceMs(): number | null {
    return this.#sinceMs
  }

  /** To be called before so many bytes are written. */
  add(bytes: number): void {
    this.#buffered += bytes
    this.#sinceMs ??= performance.now()
  }

  flushed(): void {
    this.#sending = this.#buffered
    this.#buffered = 0
    this.#sinceMs = performance.now()
  }

  taken(): void {
    this.#sending = 0
    this.#sinceMs = this.#buffered > 0 ? performance.now() : null
  }

  /** The other side has taken some of what is being sent. */
  moved(): void {
    if (this.#sinceMs !== null) this.#sinceMs = performance.now()
  }
}
