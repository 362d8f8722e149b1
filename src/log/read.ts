import type { Batch, Change, Page, Snapshot } from '../wire/batch.ts'
import type { Channel } from '../wire/channel.ts'
import { formatCursor, type Position } from '../wire/cursor.ts'
import { limits } from '../wire/limits.ts'
import type { Post, PublishedPost } from '../wire/post.ts'
import type { ChannelId, Cursor, Epoch, Offset, PageToken, PostId } from '../wire/scalars.ts'
import type { Redis } from './connection.ts'
import { reached } from './connection.ts'
import { channelKeys, partitionChannels, partitions } from './keys.ts'
import type { PageQuery } from './log.ts'
import type { StoredChannel, StoredPost } from './row.ts'
import { instant, parseRow, toChannel, toPost } from './row.ts'
import { newEpoch, type Scripts } from './scripts.ts'

export interface ReaderOptions {
  readonly redis: Redis
  readonly scripts: Scripts
  readonly prefix: string
  readonly publicUrl: string
}

/**
 * A batch up to the log's head, or as far as one read goes (`batch.to` is then below `head`); or why the cursor can't be
 * served: it is of another log, the log no longer reaches back to it, or it is past the log's end.
 */
export type CatchUp =
  | { kind: 'batch'; batch: Batch; head: Cursor }
  | { kind: 'reset'; reason: 'epoch' | 'too-old' | 'ahead' }

/** Posts that a filtered page walks over before it ends early. */
const walkMax = 1_000

/** Every read of the log as it comes from Redis. What many ask for at once is shared in `view.ts`. */
export class Reader {
  readonly #options: ReaderOptions

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  /** The channel's position now, or null where there is no such channel. */
  async head(channel: ChannelId): Promise<Position | null> {
    const { scripts, prefix } = this.#options
    const reply = await scripts.head([channelKeys(prefix, channel).meta], [newEpoch()])
    return reply[0] === 'no-channel' ? null : { epoch: reply[1] as Epoch, offset: reply[2] as Offset }
  }

  /** Changes past the position, at most `limit` log entries of them; null where there is no such channel. */
  async changes(channel: ChannelId, after: Position, limit: number = limits.batchEntriesMax): Promise<CatchUp | null> {
    const { scripts, prefix, publicUrl } = this.#options
    const keys = channelKeys(prefix, channel)
    const reply = await scripts.read(
      [keys.meta, keys.log, keys.rows],
      [after.epoch, after.offset, Math.min(limit, limits.batchEntriesMax), limits.batchBytesMax, newEpoch()],
    )
    switch (reply[0]) {
      case 'no-channel':
        return null
      case 'epoch':
      case 'too-old':
      case 'ahead':
        return { kind: 'reset', reason: reply[0] }
      case 'batch': {
        const [, epochText, to, headOffset, flat, rows] = reply
        const epoch = epochText as Epoch
        const changes = rows.map((row, i) => {
          const [offset, type, rowId, at] = flat.slice(i * 4, i * 4 + 4)
          return toChange(publicUrl, channel, Number(offset) as Offset, String(type), String(rowId), Number(at), row)
        })
        const batch = { channel, epoch, from: after.offset, to: to as Offset, changes }
        return { kind: 'batch', batch, head: formatCursor(epoch, headOffset as Offset) }
      }
    }
  }

  async snapshot(channel: ChannelId): Promise<Snapshot | null> {
    const reply = await this.#page(channel, { limit: limits.pagePostsDefault }, true)
    if (reply === null) return null
    const { page, cursor, pinned, row } = reply
    return { channel: toChannel(this.#options.publicUrl, channel, row), cursor, pinned, ...page }
  }

  async page(channel: ChannelId, query: PageQuery): Promise<Page | null> {
    return (await this.#page(channel, query, false))?.page ?? null
  }

  async post(channel: ChannelId, id: PostId): Promise<Post | null> {
    const { redis, prefix, publicUrl } = this.#options
    const row = await reached(redis.hget(channelKeys(prefix, channel).rows, id))
    return row === null ? null : toPost(publicUrl, channel, id, parseRow<StoredPost>(row))
  }

  /** All channels, the newest first. */
  async channels(): Promise<Channel[]> {
    const all = await Promise.all(Array.from({ length: partitions }, (_, partition) => this.#partition(partition)))
    return all
      .flat()
      .sort((a, b) => b.createdAt - a.createdAt || (a.channel.id < b.channel.id ? -1 : 1))
      .map(({ channel }) => channel)
  }

  async #partition(partition: number): Promise<{ createdAt: number; channel: Channel }[]> {
    const { redis, prefix, publicUrl } = this.#options
    const flat = await reached(redis.zrange(partitionChannels(prefix, partition), '0', '-1', 'WITHSCORES'))
    const ids = flat.filter((_, i) => i % 2 === 0) as ChannelId[]
    const rows = await reached(Promise.all(ids.map((id) => redis.hget(channelKeys(prefix, id).rows, ''))))
    return ids.flatMap((id, i) => {
      const text = rows[i]
      if (text === null || text === undefined) return []
      return [{ createdAt: Number(flat[i * 2 + 1]), channel: toChannel(publicUrl, id, parseRow<StoredChannel>(text)) }]
    })
  }

  async #page(channel: ChannelId, query: PageQuery, withPinned: boolean) {
    const { scripts, prefix, publicUrl } = this.#options
    const keys = channelKeys(prefix, channel)
    // The narrowest index is walked, and each further condition is looked up: a tag has fewer posts than key events.
    const indexes = [
      ...(query.tag === undefined ? [] : [`tag:${query.tag}`]),
      ...(query.keyEvents === true ? ['key'] : []),
    ]
    const [walked = 'order', ...others] = indexes
    const reply = await scripts.page(
      [keys.meta, keys.rows, keys.index('pinned'), keys.index(walked), ...others.map(keys.index)],
      [
        query.before ?? '',
        query.limit,
        limits.batchBytesMax,
        withPinned ? 1 : 0,
        others.length === 0 ? query.limit : walkMax,
        newEpoch(),
      ],
    )
    if (reply[0] === 'no-channel') return null
    const [, epoch, head, row, rows, token, pinnedRows] = reply
    const post = (flat: string[]) =>
      flat.flatMap((id, i) =>
        i % 2 === 0 ? [toPost(publicUrl, channel, id as PostId, parseRow<StoredPost>(flat[i + 1] ?? ''))] : [],
      )
    const page: Page = { posts: post(rows), ...(token === '' ? {} : { older: token as PageToken }) }
    const pinned = post(pinnedRows).filter((p): p is PublishedPost => p.status === 'published')
    const cursor = formatCursor(epoch as Epoch, Number(head) as Offset)
    return { page, cursor, pinned, row: parseRow<StoredChannel>(row) }
  }
}

function toChange(
  publicUrl: string,
  channel: ChannelId,
  offset: Offset,
  type: string,
  rowId: string,
  atMs: number,
  row: string,
): Change {
  const at = instant(atMs)
  if (type === 'channel.updated') {
    return { offset, at, type, channel: toChannel(publicUrl, channel, parseRow<StoredChannel>(row)) }
  }
  const post = toPost(publicUrl, channel, rowId as PostId, parseRow<StoredPost>(row))
  return { offset, at, type: type as Exclude<Change['type'], 'channel.updated'>, post }
}
