import type { Batch, Snapshot } from '../wire/batch.ts'
import type { Channel } from '../wire/channel.ts'
import type { ResetReason } from '../wire/events.ts'
import type { Post } from '../wire/post.ts'
import type { Problem } from '../wire/problem.ts'
import type { Cursor } from '../wire/scalars.ts'
import { type FoldState, startFrom } from './fold.ts'
import { baseOf, channelOf, timingOf } from './follow-arguments.ts'
import { LiveFeed } from './live-feed.ts'
import type { FeedState } from './machine-state.ts'
import { Memory, pageStorage, type TextStorage } from './memory.ts'
import type { Timing } from './timing.ts'
import { allTransports, type Transport, type TransportAlias, transportsOf } from './transports.ts'

export interface FollowOptions {
  /**
   * A snapshot came and replaced all that the feed held. `start` is the first one; after that, `epoch` (the log is another
   * one, or lost its end) and `too-old` (the feed was away for longer than the log is kept) say why changes would not do.
   */
  onSnapshot?(snapshot: Snapshot, why: 'start' | ResetReason): void
  /** The batch has been applied to `feed.posts`. Each change comes here once, and `batch.from` is where the last ended. */
  onBatch?(batch: Batch): void
  onState?(state: FeedState, previous: FeedState): void
  /**
   * The server refuses some of the feed's polls (429), because too many come from this address. The feed asks more seldom,
   * so changes come later than usual (`true`); or they come as usual again (`false`).
   */
  onSlowed?(slowed: boolean): void
  /**
   * Something failed. The feed goes on trying by itself, but for `unknown-channel` before the first snapshot, after which
   * it is closed. Told once for each kind of failure, and again only after the feed has been live for a while. `code` is
   * `unreachable`, and `status` 0, where no server said anything.
   */
  onError?(problem: Problem): void
  /** Where to start, for a page that was rendered with a snapshot. `onSnapshot` is not told of it. */
  snapshot?: Snapshot
  /**
   * Which transports may be used; the best of them is tried first. A channel that is not live is polled, whichever they
   * are. Default: all. `sse` polls as well, while the page is
   * hidden, other tabs hold all streams that a browser may, or the server has no room for one.
   */
  transports?: readonly (Transport | TransportAlias)[]
  /** Delays that differ from `timingDefaults`. */
  timing?: Partial<Timing>
  /**
   * What remembers, from one load to the next, which transport works and whether compression does. Default: the page's
   * `localStorage`, if there is one. Null: nothing is kept past the page.
   */
  storage?: TextStorage | null
}

/** A channel as it stands, kept up to date until it is closed. */
export interface Feed {
  readonly state: FeedState
  /** What the feed is connected by; null while it is not. */
  readonly transport: Transport | null
  /** Whether changes come later than usual, because the server refuses some of the feed's polls. */
  readonly slowed: boolean
  /** Null until there is a snapshot. */
  readonly channel: Channel | null
  readonly cursor: Cursor | null
  /** The pinned posts, newest first, then the others that are loaded, newest first. A new array with each change. */
  readonly posts: readonly Post[]
  /** All that the feed knows, in its plain form; null until there is a snapshot. */
  readonly fold: FoldState | null
  /** Whether `loadOlder` has something to load. */
  readonly hasOlder: boolean
  /**
   * Loads the next page of older posts into `posts`. False where there is none (or no snapshot yet). Rejects with a
   * `FeedError` where the server can't be asked; nothing has changed then. Calls at the same time share one request.
   */
  loadOlder(): Promise<boolean>
  /** Lets go of all connections and timers. Final. */
  close(): void
}

/**
 * Follows a channel of the server at `url` (its origin, with a path if it is served under one).
 * Throws a `TypeError` if the URL is not one of http or https or holds a password, or if the channel is not a channel's id.
 * Throws a `RangeError` if `transports` is empty or names an unknown one, or if a delay of `timing` is not one.
 */
export function follow(url: string | URL, channel: string, options: FollowOptions = {}): Feed {
  const base = baseOf(url)
  const setup = {
    base,
    channel: channelOf(channel),
    transports: transportsOf(options.transports ?? allTransports),
    timing: timingOf(options.timing),
    fold: options.snapshot === undefined ? null : startFrom(options.snapshot),
    memory: new Memory(base, options.storage === undefined ? pageStorage() : options.storage),
  }
  return new LiveFeed({ ...setup, listener: options })
}
