import type { Memory } from './memory.ts'

const name = 'compress'
const off = 'off'
/** The server compresses messages from this size on, without what stands before their content. */
const compressedBytesMin = 1_024
/** A message with so many characters is as large in any case. */
const surelyCompressedCharsMin = compressedBytesMin + 100

/**
 * Whether compressed messages get through to here. Some browsers, and some devices on the way, drop a connection at the
 * first one. A page is not told that this was the reason. So a connection that breaks before any compressed message came
 * through makes compression suspect, and the next one does without. If that one brings at once what may have been in the
 * message that was lost, compression stays off, also for later loads.
 */
export class Compression {
  readonly #memory: Memory
  /** A compressed message has come through since the last suspicious loss. */
  #proven = false
  /** Suspicious losses in a row. */
  #losses = 0
  #state: 'trusted' | 'suspected' | 'off' = 'trusted'

  constructor(memory: Memory) {
    this.#memory = memory
  }

  get suspected(): boolean {
    return this.#state === 'suspected'
  }

  /** Whether the next connection is to do without. */
  get declined(): boolean {
    return this.#state !== 'trusted' || this.#memory.get(name) === off
  }

  /** A compressed message came through. */
  worked(): void {
    this.#proven = true
    this.#losses = 0
  }

  /** A connection that agreed to compression broke before a compressed message came through. */
  brokeUnproven(): void {
    // If it has worked, one such loss is more likely the network's.
    if (this.#proven) this.#proven = false
    else {
      this.#losses++
      this.#state = 'suspected'
    }
  }

  /** A connection that did without on suspicion broke before it brought an answer: that was not the reason, then. */
  brokeWithout(): void {
    this.#state = 'trusted'
  }

  /** The first answer came over a connection that did without on suspicion. */
  answeredWithout(bytes: number): void {
    const confirmed = bytes >= compressedBytesMin
    if (confirmed) this.#memory.set(name, off)
    // After a second loss this feed does without in any case, so that it is not cut off again and again.
    this.#state = confirmed || this.#losses > 1 ? 'off' : 'trusted'
  }
}

/** What one connection shows about it. */
export class CompressionTrial {
  readonly #compression: Compression
  readonly #without: 'on-suspicion' | 'as-known' | null
  /** Compression was agreed on, and nothing shows yet that it works. */
  #unproven = false
  #answered = false

  constructor(compression: Compression) {
    this.#compression = compression
    if (!compression.declined) this.#without = null
    else this.#without = compression.suspected ? 'on-suspicion' : 'as-known'
  }

  /** The parameters with which to connect. */
  get query(): Record<string, string> {
    return this.#without === null ? {} : { compress: off }
  }

  /** `extensions`: those that were agreed on, or undefined if that can't be told. */
  opened(extensions: string | undefined): void {
    this.#unproven = this.#without === null && extensions !== ''
  }

  /** A message of the server as it came. */
  took(message: unknown): void {
    if (typeof message !== 'string') return
    if (this.#unproven && message.length >= surelyCompressedCharsMin) {
      this.#unproven = false
      this.#compression.worked()
    }
    // The packet that acknowledges an event (Socket.IO's protocol 5).
    if (this.#answered || !message.startsWith('3')) return
    this.#answered = true
    if (this.#without === 'on-suspicion') {
      this.#compression.answeredWithout(new TextEncoder().encode(message).length)
    }
  }

  /** The connection broke without a farewell. */
  cut(): void {
    if (this.#unproven) this.#compression.brokeUnproven()
    else if (this.#without === 'on-suspicion' && !this.#answered) this.#compression.brokeWithout()
  }
}
