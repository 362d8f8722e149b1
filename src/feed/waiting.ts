/** A transport of Engine.IO: it is writable once all that it was given last is with the system. */
interface Transport {
  readonly writable: boolean
}

/** What waits in this process for one Socket.IO connection, in bytes: all that it was written and did not take yet. */
export class Waiting {
  readonly #transport: () => Transport
  /** Not given to the transport yet. */
  #buffered = 0
  /** Given to the transport, which has it until it is writable again. */
  #sending = 0
  #sinceMs: number | null = null

  constructor(transport: () => Transport) {
    this.#transport = transport
  }

  get bytes(): number {
    return this.#buffered + (this.#transport().writable ? 0 : this.#sending)
  }

  /** Since when the transport has taken nothing of what waits (`performance.now()`); null where nothing does. */
  get sinceMs(): number | null {
    return this.#sinceMs
  }

  /** To be called before so many bytes are written. */
  add(bytes: number): void {
    this.#buffered += bytes
    this.#sinceMs ??= performance.now()
  }

  /** To be called when Engine.IO has given all that it had to the transport. */
  flushed(): void {
    this.#sending = this.#buffered
    this.#buffered = 0
    this.#sinceMs = null
  }
}
