import type { Socket } from 'node:net'

/** Bytes that are under way in a direction that delays; past them its source waits, as a full window makes it. */
const waitingBytesMax = 262_144

export interface Delay {
  readonly msMin: number
  readonly msMax: number
}

interface Waiting {
  readonly chunk: Buffer
  readonly dueMs: number
}

/** One direction of a connection. Bytes keep their order, however they are delayed or held. */
export class Flow {
  readonly #source: Socket
  readonly #target: Socket
  readonly #write: (chunk: Buffer) => void
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #delay: Delay | null = null
  #held = false
  #over: (() => void) | null = null

  /** `write` puts bytes into the target. */
  constructor(source: Socket, target: Socket, write: (chunk: Buffer) => void) {
    this.#source = source
    this.#target = target
    this.#write = write
    source.on('data', (chunk: Buffer) => this.#take(chunk))
    source.on('end', () => this.#finish(() => target.end()))
    // One that is reset is told to the other side in the same way, and after all that came before it.
    source.on('close', (failed: boolean) => this.#finish(() => (failed ? resetOf(target) : target.end())))
    target.on('drain', () => this.#goOn())
  }

  set delay(delay: Delay | null) {
    this.#delay = delay
    if (delay !== null) return
    // In order, so all of them now.
    this.#waiting = this.#waiting.map(({ chunk }) => ({ chunk, dueMs: 0 }))
    this.#send()
  }

  /** While held it takes nothing: what comes stays in the system's buffers, as unacknowledged bytes do in a network. */
  set held(held: boolean) {
    this.#held = held
    if (held) {
      this.#source.pause()
      clearTimeout(this.#timer)
      return
    }
    this.#goOn()
    this.#send()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#waiting = []
  }

  #take(chunk: Buffer): void {
    if (this.#delay === null && this.#waiting.length === 0) this.#write(chunk)
    else {
      const { msMin, msMax } = this.#delay ?? { msMin: 0, msMax: 0 }
      const drawnMs = performance.now() + msMin + Math.random() * (msMax - msMin)
      // What comes later arrives later.
      this.#waiting.push({ chunk, dueMs: Math.max(drawnMs, this.#waiting.at(-1)?.dueMs ?? 0) })
      this.#waitingBytes += chunk.length
      if (this.#waiting.length === 1) this.#send()
    }
    if (this.#isFull()) this.#source.pause()
  }

  #send(): void {
    clearTimeout(this.#timer)
    if (this.#held) return
    const now = performance.now()
    let sent = 0
    for (const { chunk, dueMs } of this.#waiting) {
      if (dueMs > now) break
      this.#write(chunk)
      this.#waitingBytes -= chunk.length
      sent++
    }
    if (sent > 0) this.#waiting = this.#waiting.slice(sent)
    const [next] = this.#waiting
    if (next !== undefined) this.#timer = setTimeout(() => this.#send(), Math.max(1, next.dueMs - now))
    else if (this.#over !== null) {
      this.#over()
      this.#over = null
    }
    this.#goOn()
  }

  /** The end comes after all bytes, and not across a cut. */
  #finish(over: () => void): void {
    if (this.#target.destroyed) return
    if (this.#waiting.length === 0 && !this.#held) over()
    else this.#over = over
  }

  #goOn(): void {
    if (!this.#held && !this.#isFull()) this.#source.resume()
  }

  #isFull(): boolean {
    return this.#waitingBytes > waitingBytesMax || this.#target.writableNeedDrain
  }
}

/**
 * A unix socket knows no reset: whoever reads from it is told by its end. Nor does one that has said its end (EINVAL):
 * its handle would never be closed, and keep this process from ending.
 */
export function resetOf(socket: Socket): void {
  if (socket.remoteAddress === undefined || socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
