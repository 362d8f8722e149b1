import type { Follower } from './channel-feed.ts'
import type { SendAll } from './native/sockets.ts'
import type { Outgoing } from './outgoing.ts'

/** A connection to which bytes may be sent past its stream. */
export interface Direct {
  /** Of its TCP socket. Good only until the event loop's next turn. */
  readonly descriptor: number
  /** Whether it agreed to compressed messages. */
  readonly deflate: boolean
  /** The frame was sent by the descriptor: so many bytes of it, or, below 0, none, for that reason (errno). */
  sent(frame: Buffer, bytes: number): void
}

/** Told of each one that can't be written to. The others get theirs all the same. */
export type Failed<T> = (one: T, error: unknown) => void

/**
 * Writes a batch to a slice of followers: with one call that sends to all whose sockets are idle, and to the others by
 * their streams. What the kernel does not take of a frame goes into the stream, which keeps the order.
 */
export class SliceWriter {
  readonly #sendAll: SendAll | null
  #descriptors = new Int32Array(128)
  #results = new Int32Array(128)

  /** Without `sendAll` all go by their streams. */
  constructor(sendAll: SendAll | null = null) {
    this.#sendAll = sendAll
  }

  write(slice: readonly Follower[], outgoing: Outgoing, failed: Failed<Follower>): void {
    const plain = new Group<Follower>()
    const deflated = new Group<Follower>()
    for (const follower of slice) {
      const direct = this.#sendAll === null ? null : follower.direct()
      if (direct === null) attempt(follower, () => follower.send(outgoing), failed)
      else (direct.deflate ? deflated : plain).add(follower, direct)
    }
    // A frame is made only where somebody takes it so: compressing costs more than sending to a few.
    if (plain.size > 0) this.#send(outgoing.frame(false), plain, failed)
    if (deflated.size > 0) this.#send(outgoing.frame(true), deflated, failed)
  }

  /** Sends to one descriptor what the kernel takes now, and gives how many bytes that were. Of an error the stream tells. */
  one(descriptor: number, bytes: Buffer): number {
    if (this.#sendAll === null) return 0
    this.#descriptors[0] = descriptor
    this.#sendAll(this.#descriptors, 1, bytes, this.#results)
    return Math.max(0, this.#results[0] ?? 0)
  }

  /** Sends a frame to each whose connection takes it now; to one that does not, nothing. */
  send<T extends HasDirect>(frame: Buffer, all: readonly T[], failed: Failed<T>): void {
    const group = new Group<T>()
    for (const one of all) {
      const direct = one.direct()
      if (direct !== null) group.add(one, direct)
    }
    if (group.size > 0) this.#send(frame, group, failed)
  }

  #send<T>(frame: Buffer, { all, directs, size }: Group<T>, failed: Failed<T>): void {
    if (this.#descriptors.length < size) {
      this.#descriptors = new Int32Array(size)
      this.#results = new Int32Array(size)
    }
    // A descriptor below 0 is none, and the kernel says so.
    for (let i = 0; i < size; i++) this.#descriptors[i] = directs[i]?.descriptor ?? -1
    if (this.#sendAll === null) this.#results.fill(0)
    else if (this.#sendAll(this.#descriptors, size, frame, this.#results) === size) return
    for (let i = 0; i < size; i++) {
      const [one, direct, bytes = 0] = [all[i], directs[i], this.#results[i]]
      if (one === undefined || direct === undefined || bytes === frame.length) continue
      attempt(one, () => direct.sent(frame, bytes), failed)
    }
  }
}

/** Those who get the same frame, and their connections. */
class Group<T> {
  readonly all: T[] = []
  readonly directs: Direct[] = []

  get size(): number {
    return this.all.length
  }

  add(one: T, direct: Direct): void {
    this.all.push(one)
    this.directs.push(direct)
  }
}

/** Whoever has a connection to which bytes may be sent past its stream, at times. */
interface HasDirect {
  direct(): Direct | null
}

function attempt<T>(one: T, write: () => void, failed: Failed<T>): void {
  try {
    write()
  } catch (error) {
    failed(one, error)
  }
}
