import type { Logger } from 'pino'
import { CodedError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import { type Position, parseCursor } from '../wire/cursor.ts'
import type { ResetReason } from '../wire/events.ts'
import type { OpsChannel } from '../wire/ops.ts'
import type { ChannelId, Cursor } from '../wire/scalars.ts'
import { ChannelFeed, type Follower } from './channel-feed.ts'
import { SliceWriter } from './slice-writer.ts'
import { type Start, Starts } from './starts.ts'

/** A channel that is followed here, and how many follow it or are about to. */
interface Open {
  readonly feed: ChannelFeed
  readonly starts: Starts
  users: number
}

const sweepEveryMs = 5_000
const retrySeconds = 1

/** The channels that are followed on this process. */
export class Hub {
  readonly #log: Log
  readonly #logger: Logger
  readonly #writer: SliceWriter
  readonly #feeds = new Map<ChannelId, Open>()
  readonly #opening = new Map<ChannelId, Promise<void>>()
  readonly #sweeper: NodeJS.Timeout
  #cutOff = 0

  constructor(log: Log, logger: Logger, writer = new SliceWriter()) {
    this.#log = log
    this.#writer = writer
    this.#logger = logger
    this.#sweeper = setInterval(() => this.#sweep(), sweepEveryMs).unref()
  }

  /** Followers cut off for being stuck, since the start. */
  get cutOff(): number {
    return this.#cutOff
  }

  /**
   * Lets a follower in: reads where it starts, has `begin` send it that, and from then on the feed sends what comes. No
   * moment lies between the two, since the feed goes by the offset at which the start ends. `begin` gives null where the
   * follower has gone meanwhile, and so does this. Throws `unknown-channel` and `unavailable`.
   */
  async join<F extends Follower>(
    channel: ChannelId,
    after: Cursor | undefined,
    begin: (start: Start) => F | null,
  ): Promise<F | null> {
    const { feed, starts } = await this.#enter(channel)
    try {
      const start = await starts.get(after)
      const follower = begin(start)
      if (follower === null) {
        this.#leave(feed)
        return null
      }
      const cursor = start.kind === 'batch' ? null : parseCursor(start.snapshot.value.cursor)
      const epoch = start.kind === 'batch' ? start.batch.value.epoch : cursor?.epoch
      if (epoch === undefined) throw new Error('a snapshot has no cursor')
      follower.offset = start.kind === 'batch' ? start.batch.value.to : (cursor?.offset ?? follower.offset)
      follower.feed = feed
      feed.add(follower, epoch)
      return follower
    } catch (error) {
      this.#leave(feed)
      throw error
    }
  }

  /** Throws `unknown-channel` and `unavailable`. */
  async requireChannel(channel: ChannelId): Promise<void> {
    if (!this.#feeds.has(channel) && (await this.#log.head(channel)) === null) throw unknownChannel(channel)
  }

  /** Takes a follower out. Where it is out already, nothing happens. */
  leave(follower: Follower): void {
    const { feed } = follower
    if (feed === null) return
    follower.feed = null
    feed.remove(follower)
    this.#leave(feed)
  }

  /** Followers by channel, as the operators are told of them. */
  counts(): OpsChannel[] {
    return [...this.#feeds.values()].map(({ feed }) => {
      const counts = { websocket: 0, polling: 0, sse: 0, followers: feed.followers.size, behind: 0 }
      for (const follower of feed.followers) {
        counts[follower.transport]++
        if (follower.behindSince !== null) counts.behind++
      }
      return { channel: feed.channel, ...counts }
    })
  }

  close(): void {
    clearInterval(this.#sweeper)
    for (const { feed } of this.#feeds.values()) feed.close()
    this.#feeds.clear()
  }

  async #start(channel: ChannelId, after: Cursor | undefined): Promise<Start> {
    const position = after === undefined ? null : parseCursor(after)
    let reset: ResetReason | null = null
    let mayGoBack = true
    if (position !== null) {
      const changes = await this.#log.changes(channel, position)
      if (changes === null) throw unknownChannel(channel)
      if (changes.kind === 'batch') return { kind: 'batch', batch: changes.encoded }
      // A cursor past the log's end is of a log that lost its last entries: not the log that the client followed.
      reset = changes.reason === 'too-old' ? 'too-old' : 'epoch'
      mayGoBack = changes.reason === 'ahead'
    }
    const snapshot = await this.#log.snapshot(channel)
    if (snapshot === null) throw unknownChannel(channel)
    // Where the store went away in between, it may be the last that was known, and from before the cursor.
    if (position !== null && !mayGoBack && isBehind(snapshot.cursor, position)) throw unavailable()
    return { kind: 'snapshot', snapshot, reset }
  }

  async #enter(channel: ChannelId): Promise<Open> {
    const open = this.#feeds.get(channel)
    if (open !== undefined) {
      open.users++
      return open
    }
    let opening = this.#opening.get(channel)
    if (opening === undefined) {
      opening = this.#open(channel).finally(() => this.#opening.delete(channel))
      this.#opening.set(channel, opening)
    }
    await opening
    return this.#enter(channel)
  }

  async #open(channel: ChannelId): Promise<void> {
    const head = await this.#log.head(channel)
    if (head === null) throw unknownChannel(channel)
    const feed = new ChannelFeed({
      log: this.#log,
      channel,
      position: head,
      writer: this.#writer,
      logger: this.#logger,
    })
    const starts = new Starts((after) => this.#start(channel, after))
    this.#feeds.set(channel, { feed, starts, users: 0 })
  }

  #leave(feed: ChannelFeed): void {
    const open = this.#feeds.get(feed.channel)
    if (open === undefined || open.feed !== feed) return
    open.users--
    if (open.users > 0) return
    this.#feeds.delete(feed.channel)
    feed.close()
  }

  #sweep(): void {
    const now = performance.now()
    for (const { feed } of this.#feeds.values()) this.#cutOff += feed.cutOffStuck(now)
  }
}

function isBehind(cursor: Cursor, { epoch, offset }: Position): boolean {
  const position = parseCursor(cursor)
  return position !== null && position.epoch === epoch && position.offset < offset
}

function unavailable(): CodedError {
  const options = { retryAfterSeconds: retrySeconds, extras: { retryAfterMs: retrySeconds * 1_000 } }
  return new CodedError('unavailable', 'The store does not answer right now. Follow again in a moment.', options)
}

function unknownChannel(channel: ChannelId): CodedError {
  return new CodedError('unknown-channel', `There is no channel "${channel}". GET /v1/channels lists them.`)
}
