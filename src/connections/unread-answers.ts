import type { ServerResponse } from 'node:http'

/** A client that takes nothing of its answer for this long has its connection ended. */
export const unreadMsMax = 30_000
/** What all answers that wait to be taken hold in memory. An answer that several are sent counts once. */
export const waitingBytesMax = 67_108_864
const sweepEveryMs = 5_000

/** The bodies of answers, if others may be sent the same bytes. */
const bodies = new WeakMap<ServerResponse, Buffer>()

/** To be called before an answer is sent whose body others may be sent as well. */
export function noteBody(response: ServerResponse, body: Buffer): void {
  bodies.set(response, body)
}

export type EndReason = 'unread' | 'answer-bytes'

interface Waiting {
  /** The body, if the same bytes may be sent to others. */
  readonly body: Buffer | null
  /** Bytes that only this one holds. */
  readonly bytes: number
  /** What is left, as far as the system tells: it changes whenever the client takes something. */
  left: number
  /** Since when nothing has been taken (`performance.now()`). */
  sinceMs: number
}

export interface UnreadOptions {
  /** The answers that are being made or sent. */
  readonly underWay: ReadonlySet<ServerResponse>
  /** Whether another part of the server sees to it that this one is read. */
  readonly isSeenTo: (response: ServerResponse) => boolean
  readonly ended: (reason: EndReason) => void
  readonly bytesMax?: number
}

/**
 * Bounds what waits in this process for clients to take it. Answers that are taken at once, as nearly all are, leave no
 * trace here.
 */
export class UnreadAnswers {
  readonly #options: UnreadOptions
  readonly #bytesMax: number
  /** Those of which nothing has been taken for longest come first. */
  readonly #waiting = new Map<ServerResponse, Waiting>()
  /** How many waiting answers hold a body. */
  readonly #holders = new Map<Buffer, number>()
  readonly #sweeper: NodeJS.Timeout
  #bytes = 0

  constructor(options: UnreadOptions) {
    this.#options = options
    this.#bytesMax = options.bytesMax ?? waitingBytesMax
    this.#sweeper = setInterval(() => this.sweep(performance.now()), sweepEveryMs).unref()
  }

  /** Bytes of memory that waiting answers hold. */
  get waitingBytes(): number {
    return this.#bytes
  }

  /** To be called for each answer before it is made. */
  watch(response: ServerResponse): void {
    // Comes when all of it has been handed on; most of the time the system has then taken it.
    response.once('prefinish', () => {
      if (response.writableLength > 0) this.#wait(response, performance.now())
    })
  }

  /** Ends the connections of those that have taken nothing for too long. Runs by itself, every five seconds. */
  sweep(nowMs: number): void {
    for (const response of this.#options.underWay) {
      const waiting = this.#waiting.get(response)
      if (waiting === undefined) {
        // One that is sent bit by bit, and so has no end yet. If nothing waits in it, its client waits for news.
        if (response.writableLength > 0 && !this.#options.isSeenTo(response)) this.#wait(response, nowMs)
      } else if (!this.#hasTaken(response, waiting, nowMs) && nowMs - waiting.sinceMs >= unreadMsMax) {
        this.#end(response, 'unread')
      }
    }
  }

  close(): void {
    clearInterval(this.#sweeper)
  }

  #wait(response: ServerResponse, nowMs: number): void {
    if (response.destroyed || this.#waiting.has(response)) return
    const body = bodies.get(response) ?? null
    const waiting = { body, bytes: body === null ? response.writableLength : 0, left: leftIn(response), sinceMs: nowMs }
    this.#waiting.set(response, waiting)
    this.#bytes += waiting.bytes
    if (body !== null) {
      const holders = this.#holders.get(body) ?? 0
      this.#holders.set(body, holders + 1)
      if (holders === 0) this.#bytes += body.length
    }
    response.once('close', () => this.#forget(response))
    this.#makeRoom(nowMs)
  }

  /** Ends those that have waited longest, but first looks whether they have taken something since the last look. */
  #makeRoom(nowMs: number): void {
    // One that has goes to the end of the map, where the loop comes to it again if there is still no room.
    for (const [response, waiting] of this.#waiting) {
      if (this.#bytes <= this.#bytesMax) return
      if (!this.#hasTaken(response, waiting, nowMs)) this.#end(response, 'answer-bytes')
    }
  }

  #hasTaken(response: ServerResponse, waiting: Waiting, nowMs: number): boolean {
    const left = leftIn(response)
    if (left === waiting.left) return false
    waiting.left = left
    waiting.sinceMs = nowMs
    this.#waiting.delete(response)
    this.#waiting.set(response, waiting)
    return true
  }

  #end(response: ServerResponse, reason: EndReason): void {
    this.#forget(response)
    response.destroy()
    this.#options.ended(reason)
  }

  #forget(response: ServerResponse): void {
    const waiting = this.#waiting.get(response)
    if (waiting === undefined) return
    this.#waiting.delete(response)
    this.#bytes -= waiting.bytes
    const { body } = waiting
    if (body === null) return
    const holders = (this.#holders.get(body) ?? 1) - 1
    if (holders > 0) {
      this.#holders.set(body, holders)
    } else {
      this.#holders.delete(body)
      this.#bytes -= body.length
    }
  }
}

/** A socket's handle has no public name. It tells of a write what the system has not taken yet; the stream does not. */
interface WithHandle {
  readonly _handle: { readonly writeQueueSize?: number } | null
}

function leftIn(response: ServerResponse): number {
  const handle = (response.socket as unknown as WithHandle | null)?._handle
  return response.writableLength + (handle?.writeQueueSize ?? 0)
}
