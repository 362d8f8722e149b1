import type { Logger } from 'pino'
import type { Batch, Page, Snapshot } from '../wire/batch.ts'
import type { Channel, ChannelEdit, NewChannel } from '../wire/channel.ts'
import type { Position } from '../wire/cursor.ts'
import type { Body, NewPost, Post, PostEdit } from '../wire/post.ts'
import type { ChannelId, Cursor, PageToken, PostId } from '../wire/scalars.ts'
import { withoutPassword } from './address.ts'
import { connected, connectForCommands, type Redis } from './connection.ts'
import { LastKnown } from './last-known.ts'
import { Reader } from './read.ts'
import { Replicas } from './replicas.ts'
import { requireFitRedis } from './requirements.ts'
import { scriptsOf } from './scripts.ts'
import { Tail } from './tail.ts'
import { View } from './view.ts'
import { Writer } from './write.ts'

/**
 * What makes a repeated write one write. `key` is the `Idempotency-Key` that the client chose, or null; keys are those of
 * the `holder` of the API key alone. `fingerprint` is a hash of what was asked, so that a key used for something else is
 * noticed.
 */
export interface Once {
  readonly holder: string
  readonly key: string | null
  readonly fingerprint: string
}

/**
 * What a write did: the item as it stands, with its version, and a cursor at which a follower has seen that. `repeated` is
 * true if the same write had been made before; the item may then have changed since.
 */
export interface Written<T> {
  readonly item: T
  readonly version: number
  readonly cursor: Cursor
  readonly repeated: boolean
}

/** A new post or an edit whose body has been rendered and sanitised. */
export type PostContent = Omit<NewPost, 'body'> & { readonly body: Body }
export type PostContentEdit = Omit<PostEdit, 'body'> & { readonly body?: Body }

/** The version that a writer saw; `'*'` takes any. */
export type IfVersion = number | '*'

export interface PageQuery {
  readonly limit: number
  readonly before?: PageToken
  readonly keyEvents?: boolean
  readonly tag?: string
}

/** Something read. `staleMs` is there where the store is away, and this is what was known that long ago. */
export interface Known<T> {
  readonly value: T
  readonly staleMs?: number
}

/** Bytes that are sent as they are, to all who ask at the same offset. */
export interface Encoded<T> extends Known<T> {
  readonly json: Buffer
  readonly cursor: Cursor
}

/**
 * Changes past a cursor. `encoded.value` is the batch and `encoded.cursor` the log's head when it was read, which is past
 * `batch.to` where one read does not reach it. Or why the cursor can't be served.
 */
export type Changes =
  | { readonly kind: 'batch'; readonly encoded: Encoded<Batch> }
  | { readonly kind: 'reset'; readonly reason: 'epoch' | 'too-old' | 'ahead' }

/**
 * The channels' logs and tables. Writes throw CodedError (`unknown-channel`, `unknown-post`, `stale-version`, `retracted`,
 * `key-reused`, `invalid`, `unavailable` …). Reads give null where there is no such channel or post, throw `unavailable`,
 * and are never older than the call, unless
 * the store is away: then they return what this process last knew within the last minute, and say so.
 */
export interface Log {
  createChannel(input: NewChannel, once: Once): Promise<Written<Channel>>
  editChannel(id: ChannelId, edit: ChannelEdit, once: Once): Promise<Written<Channel>>
  publish(channel: ChannelId, content: PostContent, once: Once): Promise<Written<Post>>
  /** `ifVersion` is the version that the editor saw; `'*'` takes any. */
  edit(channel: ChannelId, id: PostId, edit: PostContentEdit, ifVersion: IfVersion, once: Once): Promise<Written<Post>>
  retract(channel: ChannelId, id: PostId, reason: string, ifVersion: IfVersion, once: Once): Promise<Written<Post>>
  pin(channel: ChannelId, id: PostId, pinned: boolean, ifVersion: IfVersion, once: Once): Promise<Written<Post>>

  /** All channels, the newest first. */
  channels(): Promise<Known<readonly Channel[]>>
  snapshot(channel: ChannelId): Promise<Encoded<Snapshot> | null>
  /** Sees to it that there is a snapshot that reaches this far, for those who come while the store is away. */
  keepSnapshot(channel: ChannelId, at: Position): Promise<void>
  page(channel: ChannelId, query: PageQuery): Promise<Encoded<Page> | null>
  post(channel: ChannelId, id: PostId): Promise<Encoded<Post> | null>
  /** At most `limit` log entries past the position. */
  changes(channel: ChannelId, after: Position, limit?: number): Promise<Changes | null>
  /** The same for a feed that has heard of changes: in one step, and without sharing a reading that is under way. */
  news(channel: ChannelId, after: Position): Promise<Changes | null>
  head(channel: ChannelId): Promise<Position | null>

  readonly tail: Tail
  /** What confirms writes, where replicas must. */
  readonly replicas: Pick<Replicas, 'failures'> | null
  close(): Promise<void>
}

export interface LogOptions {
  readonly redisUrl: string
  readonly prefix: string
  /** Names this process among all that share the Redis. */
  readonly processId: string
  /** Permalinks begin with it; no slash at its end. */
  readonly publicUrl: string
  readonly changesMax: number
  /** Replicas that must have a write before it is acknowledged. */
  readonly replicasMin?: number
  /** How long what was last known is given while the store is away; a minute if it is left out. */
  readonly knownMsMax?: number
  readonly logger: Logger
}

/** A start ends where Redis does not answer within this time. */
const startMsMax = 15_000

/** Connects to Redis and opens the log. Throws where Redis does not answer or is older than 7.0. */
export async function openLog(options: LogOptions): Promise<Log & { readonly redis: Redis }> {
  const { redisUrl, prefix, processId, publicUrl, changesMax, replicasMin = 0, logger } = options
  const redis = connectForCommands(redisUrl, `wirecopy:${processId}`, logger)
  const replicas = replicasMin === 0 ? null : new Replicas({ redisUrl, prefix, processId, replicasMin, logger })
  try {
    await connected(redis, startMsMax)
    await requireFitRedis(redis, { prefix, processId, replicasMin, logger })
    await replicas?.connect()
  } catch (cause) {
    redis.disconnect()
    replicas?.close()
    throw new Error(`Redis at ${withoutPassword(redisUrl)} can not be used: ${String(cause)}`, { cause })
  }
  const scripts = scriptsOf(redis)
  const confirm = async (channel: ChannelId, history: string) => replicas?.confirm(channel, history)
  const writer = new Writer({ redis, scripts, prefix, publicUrl, changesMax, confirm })
  const known = new LastKnown(options.knownMsMax)
  const reader = new Reader({ redis, scripts, prefix, publicUrl })
  const view = new View(reader, (channel, head, askedAt) => known.noticed(channel, head, askedAt))
  const wrote = async <T>(channel: ChannelId, writing: Promise<Written<T>>): Promise<Written<T>> => {
    const written = await writing
    known.wrote(channel, written.cursor)
    return written
  }
  const tail = new Tail({ redis, redisUrl, scripts, prefix, processId, head: (channel) => view.head(channel), logger })
  return {
    redis,
    createChannel: (input, once) => writer.createChannel(input, once),
    editChannel: (id, edit, once) => wrote(id, writer.editChannel(id, edit, once)),
    publish: (channel, content, once) => wrote(channel, writer.publish(channel, content, once)),
    edit: (channel, id, edit, ifVersion, once) => wrote(channel, writer.edit(channel, id, edit, ifVersion, once)),
    retract: (channel, id, reason, ifVersion, once) =>
      wrote(channel, writer.retract(channel, id, reason, ifVersion, once)),
    pin: (channel, id, pinned, ifVersion, once) => wrote(channel, writer.pin(channel, id, pinned, ifVersion, once)),
    channels: () => known.channels(() => view.channels()),
    snapshot: (channel) => known.snapshot(channel, () => view.snapshot(channel)),
    keepSnapshot: async (channel, at) => {
      if (!known.hasSnapshot(channel, at)) await known.snapshot(channel, () => view.newSnapshot(channel))
    },
    page: (channel, query) => known.page(channel, query, () => view.page(channel, query)),
    post: (channel, id) => known.post(channel, id, () => view.post(channel, id)),
    changes: (channel, after, limit) => view.changes(channel, after, limit),
    news: async (channel, after) => {
      const askedAt = performance.now()
      const changes = await view.news(channel, after)
      if (changes?.kind === 'batch') known.heard(channel, changes.encoded, askedAt)
      return changes
    },
    head: (channel) => view.head(channel),
    tail,
    replicas,
    close: async () => {
      await tail.close()
      replicas?.close()
      redis.disconnect()
    },
  }
}
