import { randomBytes } from 'node:crypto'
import { CodedError } from '../errors.ts'
import type { Channel, ChannelEdit, NewChannel } from '../wire/channel.ts'
import { formatCursor } from '../wire/cursor.ts'
import type { Post } from '../wire/post.ts'
import type { ChannelId, PostId } from '../wire/scalars.ts'
import {
  channelExists,
  commit,
  type Done,
  keyReused,
  rememberedBy,
  repeated,
  unknownChannel,
  unknownPost,
  type WriterOptions,
} from './commit.ts'
import type { Folded, StoredPublished } from './fold.ts'
import { foldChannelEdit, foldEdit, foldNew, foldNewChannel, foldPin, foldRetraction } from './fold.ts'
import { channelKeys } from './keys.ts'
import type { Once, PostContent, PostContentEdit, Written } from './log.ts'
import type { Row, StoredChannel, StoredPost } from './row.ts'
import { parseRow, toChannel, toPost } from './row.ts'
import { newEpoch } from './scripts.ts'

/** Tries that a write without a named version makes before it says that others are faster. */
const triesMax = 8

/** A version that no post has, for a condition that no version can meet. */
export const noVersion = 0

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
      const before = await this.#before(channel, '', once)
      if ('kind' in before) return this.#writtenChannel(channel, before)
      const { row } = before
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
      const before = await this.#before(channel, id, once)
      if ('kind' in before) return this.#writtenPost(channel, before)
      const row = before.row as Row<StoredPost> | null
      if (row === null) throw unknownPost(id)
      if (ifVersion !== '*' && row.version !== ifVersion) throw staleVersion(row.version, ifVersion)
      const nowMs = Date.now()
      // That it stands already is remembered and acknowledged as a write is: its repetition must not be made later.
      const folded = fold(row, nowMs)
      const { stored, indexes } = folded ?? { stored: row.stored, indexes: {} }
      const kind = folded === null ? 'none' : type
      const change = { channel, rowId: id, version: row.version, stored, indexes, type: kind, nowMs, once }
      const committed = await commit(this.#options, change)
      if (committed.kind !== 'stale') return this.#writtenPost(channel, committed)
    }
    throw writeConflict()
  }

  /** The row that a write is to be folded into; or what is answered if this very write was made already. */
  async #before(channel: ChannelId, rowId: PostId | '', once: Once): Promise<Done | { row: Row<unknown> | null }> {
    const keys = channelKeys(this.#options.prefix, channel)
    const { records, name, fingerprint, rememberMs } = rememberedBy(once, keys)
    const reply = await this.#options.scripts.before(
      [keys.meta, keys.rows, records],
      [rowId, name, fingerprint, rememberMs, newEpoch()],
    )
    switch (reply[0]) {
      case 'before':
        return { row: reply[3] === '' ? null : parseRow(reply[3]) }
      case 'repeat':
        return repeated(reply)
      case 'reused':
        throw keyReused()
      case 'no-channel':
        throw unknownChannel(channel)
    }
  }

  async #writtenChannel(id: ChannelId, done: Done): Promise<Written<Channel>> {
    await this.#options.confirm(id, done.history)
    return written(toChannel(this.#options.publicUrl, id, done.row as Row<StoredChannel>), done)
  }

  async #writtenPost(channel: ChannelId, done: Done): Promise<Written<Post>> {
    const { publicUrl, confirm } = this.#options
    await confirm(channel, done.history)
    return written(toPost(publicUrl, channel, done.rowId as PostId, done.row as Row<StoredPost>), done)
  }
}

/**
 * What is written belongs together: the item, its version, and the offset of its last change. Of a repeated write they are
 * those of now, so that an edit by this version overwrites nothing that the editor was not shown.
 */
function written<T>(item: T, { kind, epoch, row }: Done): Written<T> {
  return { item, version: row.version, cursor: formatCursor(epoch, row.offset), repeated: kind === 'repeat' }
}

function published(row: Row<StoredPost>): StoredPublished {
  if (row.stored.status === 'published') return row.stored
  throw new CodedError('retracted', 'The post was retracted and takes no more changes; publish a new one.', {
    extras: { retraction: row.stored.retraction },
  })
}

function staleVersion(version: number, wanted: number): CodedError {
  const named = wanted === noVersion ? 'names no version' : `names version ${wanted}`
  return new CodedError(
    'stale-version',
    `The post is at version ${version}, and If-Match ${named}. Read the post, fold your edit in, and send its ETag.`,
    { extras: { version } },
  )
}
const writeConflict = () =>
  new CodedError('write-conflict', 'Others changed this at the same time, again and again. Try once more.', {
    retryAfterSeconds: 1,
  })
