import type { Batch, Snapshot } from '../wire/batch.ts'
import type { Channel } from '../wire/channel.ts'
import type { ResetReason } from '../wire/events.ts'
import type { Post } from '../wire/post.ts'
import type { Problem } from '../wire/problem.ts'
import type { Cursor } from '../wire/scalars.ts'
import { type FoldState, startFrom } from './fold.ts'
import { LiveFeed } from './live-feed.ts'
import type { FeedState } from './machine-state.ts'
import { type Timing, timingDefaults } from './timing.ts'

/** The ways to follow, best first. */
export const allTransports = ['socket', 'sse', 'poll'] as const
export type Transport = (typeof allTransports)[number]

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
   * Something failed. The feed goes on trying by itself, but for `unknown-channel` before the first snapshot, after which
   * it is closed. Told once for each kind of failure, and again only after the feed has been live for a while. `code` is
   * `unreachable`, and `status` 0, where no server said anything.
   */
  onError?(problem: Problem): void
  /** Where to start, for a page that was rendered with a snapshot. `onSnapshot` is not told of it. */
  snapshot?: Snapshot
  /** Which transports may be used; the best of them is tried first. Default: all. */
  transports?: readonly Transport[]
  /** Delays that differ from `timingDefaults`. */
  timing?: Partial<Timing>
}

/** A channel as it stands, kept up to date until it is closed. */
export interface Feed {
  readonly state: FeedState
  /** What the feed is connected by; null while it is not. */
  readonly transport: Transport | null
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
 * Follows a channel of the server at `url` (its origin, with a path where it is served under one).
 * Throws a `TypeError` where the URL is none, and a `RangeError` where `transports` is empty.
 */
export function follow(url: string | URL, channel: string, options: FollowOptions = {}): Feed {
  const here = typeof document === 'undefined' ? undefined : document.baseURI
  const base = new URL(url, here)
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  base.search = ''
  base.hash = ''
  const allowed = options.transports
  const transports = allTransports.filter((transport) => allowed === undefined || allowed.includes(transport))
  if (transports.length === 0) throw new RangeError('a feed needs one transport or more')
  const timing = { ...timingDefaults, ...options.timing }
  const fold = options.snapshot === undefined ? null : startFrom(options.snapshot)
  return new LiveFeed({ base, channel, transports, timing, fold, listener: options })
}
