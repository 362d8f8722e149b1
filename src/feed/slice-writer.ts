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

/** Followers that are written to before other work gets its turn: about two milliseconds. */
const sliceFollowersPreset = 256

/** Told of each one that can't be written to. The others get theirs all the same. */
export type Failed<T> = (one: T, error: unknown) => void

/**
 * Writes a batch to a slice of followers: with one call that sends to all whose sockets are idle, and to the others by
 * their streams. What the kernel does not take of a frame goes into the stream, which keeps the order.
 */
export class SliceWriter {
  /** Followers in a slice, at most. */
  readonly sliceFollowers: number
  readonly #sendAll: SendAll | null
  readonly #single = new Int32Array(1)
  /** Groups that are not in use. They are taken out while they are, since whoever is told of a failure may write. */
  readonly #groups: Group<unknown>[] = []

  /** Without `sendAll` all go by their streams. */
  constructor(sendAll: SendAll | null = null, sliceFollowers = sliceFollowersPreset) {
    this.#sendAll = sendAll
    this.sliceFollowers = sliceFollowers
  }

  write(slice: readonly Follower[], outgoing: Outgoing, failed: Failed<Follower>): void {
    const plain = this.#take<Follower>()
    let deflated: Group<Follower> | null = null
    for (const follower of slice) {
      const direct = this.#sendAll === null ? null : follower.direct()
      if (direct === null) attempt(follower, () => follower.send(outgoing), failed)
      else if (!direct.deflate) plain.add(follower, direct)
      else {
        deflated ??= this.#take<Follower>()
        deflated.add(follower, direct)
      }
    }
    // A frame is made only where somebody takes it so: compressing costs more than sending to a few.
    this.#send(plain, () => outgoing.frame(false), failed)
    if (deflated !== null) this.#send(deflated, () => outgoing.frame(true), failed)
  }

  /** Sends to one descriptor what the kernel takes now, and gives how many bytes that were. Of an error the stream tells. */
  one(descriptor: number, bytes: Buffer): number {
    if (this.#sendAll === null) return 0
    this.#single[0] = descriptor
    this.#sendAll(this.#single, 1, bytes, this.#single)
    return Math.max(0, this.#single[0] ?? 0)
  }

  /** Sends a frame to each whose connection takes it now; to one that does not, nothing. */
  send<T extends HasDirect>(frame: Buffer, all: readonly T[], failed: Failed<T>): void {
    const group = this.#take<T>()
    for (const one of all) {
      const direct = one.direct()
      if (direct !== null) group.add(one, direct)
    }
    this.#send(group, () => frame, failed)
  }

  #take<T>(): Group<T> {
    return (this.#groups.pop() as Group<T> | undefined) ?? new Group<T>()
  }

  /** Sends to all of a group, and gives the group back. */
  #send<T>(group: Group<T>, frameOf: () => Buffer, failed: Failed<T>): void {
    if (group.size > 0) {
      const frame = frameOf()
      if (group.send(this.#sendAll, frame) < group.size) group.giveRest(frame, failed)
    }
    group.clear()
    if (this.#groups.length < groupsMax) this.#groups.push(group as Group<unknown>)
  }
}

/** Two are in use at a time, and two more where a failure has somebody write. */
const groupsMax = 4

/** Those who get the same frame, and their connections. It is used again, since there is one for each slice. */
class Group<T> {
  readonly #all: (T | null)[] = []
  readonly #directs: (Direct | null)[] = []
  #descriptors = new Int32Array(sliceFollowersPreset)
  #results = new Int32Array(sliceFollowersPreset)
  #size = 0

  get size(): number {
    return this.#size
  }

  add(one: T, direct: Direct): void {
    const at = this.#size++
    if (at === this.#descriptors.length) this.#grow()
    this.#all[at] = one
    this.#directs[at] = direct
    this.#descriptors[at] = direct.descriptor
  }

  /** Gives how many connections took all of the frame. Without `sendAll` none takes any. */
  send(sendAll: SendAll | null, frame: Buffer): number {
    if (sendAll !== null) return sendAll(this.#descriptors, this.#size, frame, this.#results)
    this.#results.fill(0)
    return 0
  }

  /** Gives to each connection what it did not take. */
  giveRest(frame: Buffer, failed: Failed<T>): void {
    for (let i = 0; i < this.#size; i++) {
      const [one, direct, bytes = 0] = [this.#all[i], this.#directs[i], this.#results[i]]
      if (one === undefined || one === null || !direct || bytes === frame.length) continue
      attempt(one, () => direct.sent(frame, bytes), failed)
    }
  }

  /** Holds nobody any more. */
  clear(): void {
    for (let i = 0; i < this.#size; i++) {
      this.#all[i] = null
      this.#directs[i] = null
    }
    this.#size = 0
  }

  #grow(): void {
    const descriptors = new Int32Array(this.#descriptors.length * 2)
    descriptors.set(this.#descriptors)
    this.#descriptors = descriptors
    this.#results = new Int32Array(descriptors.length)
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
