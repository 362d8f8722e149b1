import { randomBytes } from 'node:crypto'
import { CodedError } from '../errors.ts'
import type { Channel, ChannelEdit, NewChannel } from '../wire/channel.ts'
import { formatCursor } from '../wire/cursor.ts'
import type { Post } from '../wire/post.ts'
import type { ChannelId, Epoch, PostId } from '../wire/scalars.ts'
import { answered, channelExists, commit, type Done, unknownChannel, type WriterOptions } from './commit.ts'
import { reached } from './connection.ts'
import type { Folded, StoredPublished } from './fold.ts'
import { foldChannelEdit, foldEdit, foldNew, foldNewChannel, foldPin, foldRetraction } from './fold.ts'
import { channelKeys } from './keys.ts'
import type { Once, PostContent, PostContentEdit, Written } from './log.ts'
import type { Envelope, Row, StoredChannel, StoredPost } from './row.ts'
import { parseRow, toChannel, toPost } from './row.ts'
import { newEpoch } from './scripts.ts'

/** Tries that a write without a named version makes before it says that others are faster. */
const triesMax = 8

interface Before {
  readonly epoch: Epoch
  readonly history: string
  readonly row: Row<unknown> | null
  readonly repeat: Done | null
}

/** Makes every write of the log: reads the row, folds the change into it, and commits both or says who was faster. */
export class Writer {
  readonly #options: WriterOptions

  constructor(options: WriterOptions) {
    this.#options = options
  }

  async createChannel(input: NewChannel, once: Once): Promise<Written<Channel>> {
    const nowMs = Date.now()
    const committed = await commit(this.#options, {
      channel: input.id,
      rowId: '',
      version: 0,
      stored: foldNewChannel(input, nowMs),
      type: '',
      indexes: {},
      nowMs,
      once,
    })
    if (committed.kind === 'stale') throw channelExists(input.id)
    return this.#writtenChannel(input.id, committed)
  }

  async editChannel(channel: ChannelId, edit: ChannelEdit, once: Once): Promise<Written<Channel>> {
    for (let tries = 0; tries < triesMax; tries++) {
      const { row, repeat } = await this.#before(channel, '', once)
      if (repeat !== null) return this.#writtenChannel(channel, repeat)
      if (row === null) throw unknownChannel(channel)
      const nowMs = Date.now()
      const stored = foldChannelEdit(row.stored as StoredChannel, edit, nowMs)
      const version = row.version
      const change = { channel, rowId: '', version, stored, type: 'channel.updated', indexes: {}, nowMs, once } as const
      const committed = await commit(this.#options, change)
      if (committed.kind !== 'stale') return this.#writtenChannel(channel, committed)
    }
    throw writeConflict()
  }

  async publish(channel: ChannelId, content: PostContent, once: Once): Promise<Written<Post>> {
    const rowId = randomBytes(12).toString('base64url') as PostId
    const { stored, indexes } = foldNew(content)
    const nowMs = Date.now()
    const change = { channel, rowId, version: 0, stored, type: 'post.published', indexes, nowMs, once } as const
    const committed = await commit(this.#options, change)
    if (committed.kind === 'stale') throw writeConflict()
    return this.#writtenPost(channel, committed)
  }

  async edit(
    channel: ChannelId,
    id: PostId,
    edit: PostContentEdit,
    ifVersion: number | '*',
    once: Once,
  ): Promise<Written<Post>> {
    return this.#change(channel, id, ifVersion, once, 'post.updated', (row, nowMs) =>
      foldEdit(published(row), edit, nowMs),
    )
  }

  /** Retracting again for the same reason changes nothing; for another one it is refused, since readers saw the first. */
  async retract(
    channel: ChannelId,
    id: PostId,
    reason: string,
    ifVersion: number | '*',
    once: Once,
  ): Promise<Written<Post>> {
    return this.#change(channel, id, ifVersion, once, 'post.retracted', (row, nowMs) => {
      if (row.stored.status === 'published') return foldRetraction(row.stored, reason, nowMs)
      if (row.stored.retraction.reason === reason) return null
      throw new CodedError('already-retracted', 'The post is retracted already, for the reason given here.', {
        extras: { retraction: row.stored.retraction },
      })
    })
  }

  async pin(
    channel: ChannelId,
    id: PostId,
    pinned: boolean,
    ifVersion: number | '*',
    once: Once,
  ): Promise<Written<Post>> {
    return this.#change(channel, id, ifVersion, once, pinned ? 'post.pinned' : 'post.unpinned', (row) => {
      const post = published(row)
      return post.pinned === pinned ? null : foldPin(post, pinned, row.at)
    })
  }

  /** Reads a post's row, folds, commits; once more where another writer came between and the caller named no version. */
  async #change(
    channel: ChannelId,
    id: PostId,
    ifVersion: number | '*',
    once: Once,
    type: string,
    fold: (row: Row<StoredPost>, nowMs: number) => Folded<StoredPost> | null,
  ): Promise<Written<Post>> {
    for (let tries = 0; tries < triesMax; tries++) {
      const { epoch, history, row, repeat } = await this.#before(channel, id, once)
      if (repeat !== null) return this.#writtenPost(channel, repeat)
      if (row === null) throw unknownPost(id)
      if (ifVersion !== '*' && row.version !== ifVersion) throw staleVersion(row.version)
      const current = row as Row<StoredPost>
      const nowMs = Date.now()
      const folded = fold(current, nowMs)
      if (folded === null) {
        // That it stands already is acknowledged as a write is.
        await this.#options.confirm(channel, history)
        const cursor = formatCursor(epoch, current.offset)
        const item = toPost(this.#options.publicUrl, channel, id, current)
        return { item, version: current.version, cursor, repeated: false }
      }
      const change = { channel, rowId: id, version: row.version, ...folded, type, nowMs, once }
      const committed = await commit(this.#options, change)
      if (committed.kind !== 'stale') return this.#writtenPost(channel, committed)
    }
    throw writeConflict()
  }

  /** What stands in the store before a write: the row, and the answer where this very write was done already. */
  async #before(channel: ChannelId, rowId: PostId | '', once: Once): Promise<Before> {
    const keys = channelKeys(this.#options.prefix, channel)
    const { redis, scripts } = this.#options
    const [head, row, answer] = await Promise.all([
      scripts.head([keys.meta], [newEpoch()]),
      reached(redis.hget(keys.rows, rowId)),
      reached(redis.get(keys.once(once.key))),
    ])
    if (head[0] === 'no-channel') throw unknownChannel(channel)
    const place = { epoch: head[1] as Epoch, history: head[3] }
    return {
      ...place,
      row: row === null ? null : parseRow(row),
      repeat: answer === null ? null : answered(answer, once, place),
    }
  }

  async #writtenChannel(id: ChannelId, committed: Done): Promise<Written<Channel>> {
    const { epoch, history, envelope, json } = committed
    await this.#options.confirm(id, history)
    const item = toChannel(this.#options.publicUrl, id, { ...envelope, stored: JSON.parse(json) as StoredChannel })
    return written(item, epoch, envelope, committed.kind === 'repeat')
  }

  /**
   * Answers with what was committed. The answer to a repeated write is the first one, save where the post has been
   * retracted since: then its stub, for a retracted text is served to nobody.
   */
  async #writtenPost(channel: ChannelId, committed: Done): Promise<Written<Post>> {
    const { epoch, history, envelope, json } = committed
    const { publicUrl, redis, prefix, confirm } = this.#options
    await confirm(channel, history)
    const id = committed.rowId as PostId
    const first = { ...envelope, stored: JSON.parse(json) as StoredPost }
    if (committed.kind === 'done') return written(toPost(publicUrl, channel, id, first), epoch, envelope, false)
    const now = await reached(redis.hget(channelKeys(prefix, channel).rows, id))
    const row = now === null ? null : parseRow<StoredPost>(now)
    const shown = row?.stored.status === 'retracted' ? row : first
    return written(toPost(publicUrl, channel, id, shown), epoch, envelope, true)
  }
}

function written<T>(item: T, epoch: Epoch, envelope: Envelope, repeated: boolean): Written<T> {
  return { item, version: envelope.version, cursor: formatCursor(epoch, envelope.offset), repeated }
}

function published(row: Row<StoredPost>): StoredPublished {
  if (row.stored.status === 'published') return row.stored
  throw new CodedError('retracted', 'The post was retracted and takes no more changes; publish a new one.', {
    extras: { retraction: row.stored.retraction },
  })
}

const unknownPost = (id: string) => new CodedError('unknown-post', `There is no post "${id}" in this channel.`)
const staleVersion = (version: number) =>
  new CodedError(
    'stale-version',
    `The post is at version ${version} by now. Read it, fold your edit in, and try again.`,
    { extras: { version } },
  )
const writeConflict = () =>
  new CodedError('write-conflict', 'Others changed this at the same time, again and again. Try once more.', {
    retryAfterSeconds: 1,
  })
