import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Coalesced } from '../log/coalesce.ts'
import type { Log } from '../log/log.ts'
import type { Position } from '../wire/cursor.ts'
import type { ResetReason } from '../wire/events.ts'
import type { ChannelId, Epoch, Offset } from '../wire/scalars.ts'
import { Outgoing } from './outgoing.ts'
import type { Direct, SliceWriter } from './slice-writer.ts'

export type Transport = 'websocket' | 'polling' | 'sse'

/** A connection that follows a channel, as the channel's feed sees it. */
export interface Follower {
  /** It has been sent every change up to here. The feed alone moves it once the follower is in. */
  offset: Offset
  /** Since when it waits for its socket to drain (`performance.now()`), or null while it is current. */
  behindSince: number | null
  /** The feed that it is in. The hub sets it, and takes it away when it leaves. */
  feed: ChannelFeed | null
  readonly transport: Transport
  /** Since when its socket has taken nothing, though something waits, whoever followed by it meanwhile; else null. */
  readonly stuckSince: number | null
  /** Whether its socket takes a batch now. Where not, the owner calls `ChannelFeed.drained` once it does. */
  ready(): boolean
  send(outgoing: Outgoing): void
  /** Its connection, where a batch may be sent past its stream; null where it has none such, or something waits in it. */
  direct(): Direct | null
  /** Its cursor can't be served any more: it is to start over from a snapshot. */
  startOver(reason: ResetReason): void
  /** It has been stuck for too long: its connection is to end. */
  cutOff(): void
}

export interface ChannelFeedOptions {
  readonly log: Log
  readonly channel: ChannelId
  readonly position: Position
  readonly writer: SliceWriter
  readonly logger: Logger
}

/** Offsets at which followers may be left at the same time. Past it a broadcast goes on, whatever is retracted. */
const leftMax = 4
/** A follower that takes nothing for this long is cut off; it comes back by its cursor. */
export const stuckMsMax = 60_000
const retryMsMax = 2_000
/** Without what Node's own does besides, dozens of times for each post. */
const nextTurn = () => new Promise<void>((goOn) => setImmediate(goOn))

/**
 * One channel's way from the log to those who follow it here. A batch goes to every follower that stands where the batch
 * begins; whoever stands elsewhere, or whose socket is full, is behind: nothing waits for it, and when its socket drains
 * it is sent what it lacks out of the log, in one piece. So a follower's offset alone decides what it gets next, and
 * nothing is sent twice or left out, however joining, broadcasts and slow sockets fall together.
 */
export class ChannelFeed {
  readonly channel: ChannelId
  readonly #log: Log
  readonly #logger: Logger
  readonly #writer: SliceWriter
  readonly #followers = new Set<Follower>()
  readonly #pumped = new Set<Follower>()
  readonly #snapshot: Coalesced<void>
  readonly #unwatch: () => void
  readonly #stop = new AbortController()
  /** Where those stand whom no broadcast has reached, since it made way for a retraction. */
  readonly #left = new Set<Offset>()
  #position: Position
  /** The latest retraction that the log is known to have, and no broadcast has made way for. */
  #retraction = 0 as Offset
  #running = false
  #woken = false

  constructor({ log, channel, position, writer, logger }: ChannelFeedOptions) {
    this.channel = channel
    this.#log = log
    this.#writer = writer
    this.#logger = logger
    this.#position = position
    this.#snapshot = new Coalesced(() => log.keepSnapshot(channel, this.#position))
    this.#unwatch = log.tail.watch(channel, position, (retraction) => this.#wake(retraction))
  }

  get followers(): ReadonlySet<Follower> {
    return this.#followers
  }

  /** Takes in a follower that has been sent everything up to its offset, and what came since is sent at once. */
  add(follower: Follower, epoch: Epoch): void {
    this.#followers.add(follower)
    if (epoch !== this.#position.epoch) this.#wake(null)
    else if (follower.offset < this.#position.offset) this.#fallBehind(follower)
  }

  remove(follower: Follower): void {
    this.#followers.delete(follower)
  }

  /** To be called when a follower's socket takes batches again. */
  drained(follower: Follower): void {
    if (follower.behindSince === null || this.#pumped.has(follower)) return
    this.#pumped.add(follower)
    this.#pump(follower).catch((error: unknown) => {
      this.#logger.error({ channel: this.channel, error }, 'a follower could not be brought up to date')
      follower.cutOff()
    })
  }

  /** Cuts off those who have been stuck for too long. Returns how many. */
  cutOffStuck(now: number): number {
    let cut = 0
    for (const follower of this.#followers) {
      const { stuckSince } = follower
      if (stuckSince === null || now - stuckSince < stuckMsMax) continue
      follower.cutOff()
      cut++
    }
    return cut
  }

  close(): void {
    this.#stop.abort()
    this.#unwatch()
  }

  #wake(retraction: Offset | null): void {
    if (retraction !== null) this.#retraction = retraction
    this.#woken = true
    if (this.#running) return
    this.#running = true
    this.#run()
      .catch((error: unknown) => this.#logger.error({ channel: this.channel, error }, 'a broadcast failed'))
      .finally(() => {
        this.#running = false
      })
  }

  /** Broadcasts until nothing new has come; what comes during a broadcast goes into the next one. */
  async #run(): Promise<void> {
    let failed = 0
    while (this.#woken && !this.#stop.signal.aborted) {
      this.#woken = false
      try {
        await this.#advance()
        failed = 0
      } catch (error) {
        this.#woken = true
        failed++
        this.#logger.warn({ channel: this.channel, failed, error: String(error) }, 'changes could not be read')
        const waitMs = Math.random() * Math.min(retryMsMax, 50 * 2 ** failed)
        await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
      }
    }
  }

  async #advance(): Promise<void> {
    const changes = await this.#log.news(this.channel, this.#position)
    // A channel that is gone comes back with the store, or is born again with another epoch; the tail tells of both.
    if (changes === null) return
    if (changes.kind === 'reset') return this.#startOver(changes.reason === 'too-old' ? 'too-old' : 'epoch')
    const { value: batch, cursor } = changes.encoded
    if (batch.to !== this.#position.offset) {
      this.#position = { epoch: batch.epoch, offset: batch.to }
      if (cursor !== `${batch.epoch}:${batch.to}`) this.#woken = true
      const whole = await this.#broadcast(Outgoing.of(changes.encoded))
      this.#keepSnapshot()
      if (!whole) return
    }
    await this.#reachLeft()
  }

  /** Brings those up to the feed's position whom a broadcast has left where they stood. */
  async #reachLeft(): Promise<void> {
    for (const offset of this.#left) {
      const { epoch, offset: to } = this.#position
      const changes = await this.#log.changes(this.channel, { epoch, offset }, to - offset)
      if (changes === null) return
      if (changes.kind === 'batch') {
        const outgoing = Outgoing.of(changes.encoded)
        // A batch that is full ends before.
        if (outgoing.batch.to < to) this.#left.add(outgoing.batch.to)
        if (!(await this.#broadcast(outgoing))) return
      } else {
        for (const follower of this.#followers) if (follower.offset === offset) this.#fallBehind(follower)
      }
      this.#left.delete(offset)
    }
  }

  /** Sees to it that there is a snapshot for one who comes in an outage. */
  #keepSnapshot(): void {
    this.#snapshot.get().catch((error: unknown) => {
      this.#logger.debug({ channel: this.channel, error: String(error) }, 'the snapshot could not be kept')
    })
  }

  /**
   * Gives a batch to all who stand where it begins. Whether it came to the end: a retraction that comes meanwhile does not
   * wait until everyone has a text that is to be gone. Those who have it are sent the retraction; the others, from where
   * they stand, what is left without it.
   */
  async #broadcast(outgoing: Outgoing): Promise<boolean> {
    const { from, to } = outgoing.batch
    const { sliceFollowers } = this.#writer
    const slice: Follower[] = []
    for (const follower of this.#followers) {
      if (follower.behindSince !== null || follower.offset >= to) continue
      if (follower.offset !== from || !follower.ready()) {
        if (follower.offset === from || !this.#left.has(follower.offset)) this.#fallBehind(follower)
        continue
      }
      follower.offset = to
      slice.push(follower)
      if (slice.length < sliceFollowers) continue
      this.#writer.write(slice, outgoing, this.#failed)
      slice.length = 0
      await nextTurn()
      if (this.#retraction > this.#position.offset && this.#left.size < leftMax) {
        this.#left.add(from)
        this.#retraction = 0 as Offset
        this.#woken = true
        return false
      }
    }
    this.#writer.write(slice, outgoing, this.#failed)
    return true
  }

  #send(follower: Follower, outgoing: Outgoing): void {
    follower.offset = outgoing.batch.to
    this.#writer.write([follower], outgoing, this.#failed)
  }

  /** One whose socket fails is cut off and comes back by its cursor; the others get theirs all the same. */
  readonly #failed = (follower: Follower, error: unknown): void => {
    this.#logger.warn({ channel: this.channel, error: String(error) }, 'a follower could not be written to')
    this.#followers.delete(follower)
    follower.cutOff()
  }

  async #startOver(reason: ResetReason): Promise<void> {
    const head = await this.#log.head(this.channel)
    if (head === null) return
    this.#logger.warn({ channel: this.channel, reason, followers: this.#followers.size }, 'followers start over')
    this.#position = head
    this.#left.clear()
    this.#retraction = 0 as Offset
    for (const follower of this.#followers) this.#sendAway(follower, reason)
  }

  /** It leaves the feed first: nothing of the new log may reach it before it has started over. */
  #sendAway(follower: Follower, reason: ResetReason): void {
    this.#followers.delete(follower)
    follower.behindSince = null
    follower.startOver(reason)
  }

  #fallBehind(follower: Follower): void {
    follower.behindSince ??= performance.now()
    if (follower.ready()) this.drained(follower)
  }

  /** Sends a follower what it lacks, read from its own offset, until it stands where the feed stands. */
  async #pump(follower: Follower): Promise<void> {
    try {
      while (this.#followers.has(follower) && follower.ready()) {
        if (follower.offset >= this.#position.offset) {
          follower.behindSince = null
          return
        }
        const after = { epoch: this.#position.epoch, offset: follower.offset }
        const changes = await this.#log.changes(this.channel, after).catch(() => null)
        if (!this.#followers.has(follower)) return
        if (changes === null) {
          await delay(Math.random() * retryMsMax, undefined, { signal: this.#stop.signal }).catch(() => undefined)
          if (this.#stop.signal.aborted) return
          // It waits for the store here, not for its own socket.
          follower.behindSince = performance.now()
          continue
        }
        if (changes.kind === 'reset') {
          return this.#sendAway(follower, changes.reason === 'too-old' ? 'too-old' : 'epoch')
        }
        // Another channel's batch may have filled its connection meanwhile.
        if (!follower.ready()) return
        this.#send(follower, Outgoing.of(changes.encoded))
        // It took something: it is slow, not stuck.
        follower.behindSince = performance.now()
      }
    } finally {
      // In the same step in which it ceases to be behind: a broadcast may find it behind in the next, and nobody else would
      // bring it up.
      this.#pumped.delete(follower)
    }
  }
}
