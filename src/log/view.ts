import { LRUCache } from 'lru-cache'
import type { Batch, Page, Snapshot } from '../wire/batch.ts'
import type { Channel } from '../wire/channel.ts'
import { formatCursor, type Position, parseCursor } from '../wire/cursor.ts'
import type { Post } from '../wire/post.ts'
import type { ChannelId, Cursor, PageToken, PostId } from '../wire/scalars.ts'
import { Coalesced } from './coalesce.ts'
import type { Changes, Encoded, PageQuery } from './log.ts'
import type { Reader } from './read.ts'
import { ReadQueue } from './read-queue.ts'

/** Bytes that a process keeps of answers: encoded, as the values that were encoded, and their names. */
const keptBytesMax = 64 * 1_048_576
/** What an answer takes beyond its text, in the cache and in the index of its channel. */
const bytesPerAnswer = 500
/** Channels whose head is asked for at the same time; past it each question goes to Redis on its own. */
const headsMax = 10_000
const snapshotName = 'snapshot'

/**
 * What the log says, read once for all who ask at the same head. Every answer is checked against the channel's head,
 * read after the question came: so it is never older than the question, on whatever node, and a retracted text is
 * gone from every answer with the retraction's acknowledgement. Questions that come together share that check and the
 * encoded bytes: a crowd costs Redis no more than one reader.
 */
export class View {
  readonly #reader: Reader
  /** For what clients ask for. What the fan-out reads, and heads, are not kept waiting. */
  readonly #queue = new ReadQueue()
  readonly #heads = new Map<ChannelId, Coalesced<Position | null>>()
  readonly #kept: LRUCache<string, KeptAnswer>
  /** The head at which each channel was last asked for, and what is kept of it. */
  readonly #current = new LRUCache<ChannelId, CurrentHead>({
    max: headsMax,
    dispose: ({ keys }) => {
      for (const key of keys) this.#kept.delete(key)
    },
  })
  readonly #underWay = new Map<string, Promise<Encoded<unknown> | null>>()
  readonly #channels: Coalesced<Channel[]>

  readonly #noticed: Noticed

  /** `noticed` hears of every head that is read. */
  constructor(reader: Reader, noticed: Noticed, bytesMax = keptBytesMax) {
    this.#reader = reader
    this.#noticed = noticed
    this.#channels = new Coalesced(() => reader.channels())
    this.#kept = new LRUCache({
      maxSize: bytesMax,
      sizeCalculation: ({ encoded }, key) => 2 * encoded.json.length + key.length + bytesPerAnswer,
      // What leaves the cache leaves the index with it, or keys of a client's choice would stay for ever.
      dispose: ({ keys }, key) => keys.delete(key),
    })
  }

  /** What is kept: answers, their bytes, and the keys by which they are found when a head is passed. */
  get kept(): { readonly answers: number; readonly bytes: number; readonly keys: number } {
    const keys = [...this.#current.values()].reduce((sum, { keys }) => sum + keys.size, 0)
    return { answers: this.#kept.size, bytes: this.#kept.calculatedSize, keys }
  }

  channels(): Promise<readonly Channel[]> {
    return this.#channels.get()
  }

  snapshot(channel: ChannelId): Promise<Encoded<Snapshot> | null> {
    return this.#at(channel, snapshotName, async () => {
      const value = await this.#reader.snapshot(channel)
      return value === null ? null : { value, cursor: value.cursor }
    })
  }

  /** The snapshot, read at once, for the one who knows that it has changed. Whoever asks for it later is given this one. */
  async newSnapshot(channel: ChannelId): Promise<Encoded<Snapshot> | null> {
    const askedAt = performance.now()
    const value = await this.#reader.snapshot(channel)
    if (value === null) return null
    const encoded = encode(value, value.cursor)
    this.#noticed(channel, value.cursor, askedAt)
    this.#keep(channel, value.cursor, keyOf(channel, value.cursor, snapshotName), encoded)
    return encoded
  }

  page(channel: ChannelId, query: PageQuery): Promise<Encoded<Page> | null> {
    return this.#at(channel, pageName(query), async (cursor) => {
      const value = await this.#reader.page(channel, query)
      return value === null ? null : { value, cursor }
    })
  }

  post(channel: ChannelId, id: PostId): Promise<Encoded<Post> | null> {
    return this.#at(channel, `post ${id}`, async (cursor) => {
      const value = await this.#reader.post(channel, id)
      return value === null ? null : { value, cursor }
    })
  }

  async changes(channel: ChannelId, after: Position, limit?: number): Promise<Changes | null> {
    const head = await this.head(channel)
    if (head === null) return null
    if (head.epoch !== after.epoch) return { kind: 'reset', reason: 'epoch' }
    if (after.offset > head.offset) return { kind: 'reset', reason: 'ahead' }
    const encoded = await this.#shared<Batch>(channel, head, changesName(after, limit), async () => {
      const caught = await this.#reader.changes(channel, after, limit)
      if (caught === null || caught.kind === 'reset') return null
      return { value: caught.batch, cursor: caught.head }
    })
    // Only a batch is kept. That there is none, since the log was trimmed or lost meanwhile, is asked for again.
    if (encoded !== null) return { kind: 'batch', encoded }
    const caught = await this.#queue.run(() => this.#reader.changes(channel, after, limit))
    if (caught === null || caught.kind === 'reset') return caught
    return { kind: 'batch', encoded: encode(caught.batch, caught.head) }
  }

  /**
   * As `changes`, for the one who asks because there are some: read at once, without a question for the head. Whoever asks
   * for the same changes later is given them too.
   */
  async news(channel: ChannelId, after: Position): Promise<Changes | null> {
    const askedAt = performance.now()
    const caught = await this.#reader.changes(channel, after)
    if (caught === null || caught.kind === 'reset') return caught
    const encoded = encode(caught.batch, caught.head)
    this.#noticed(channel, caught.head, askedAt)
    this.#keep(channel, caught.head, keyOf(channel, caught.head, changesName(after)), encoded)
    return { kind: 'batch', encoded }
  }

  /** The channel's position, read after this was called. */
  head(channel: ChannelId): Promise<Position | null> {
    const askedAt = performance.now()
    let head = this.#heads.get(channel)
    if (head === undefined) {
      if (this.#heads.size >= headsMax) return this.#reader.head(channel)
      head = new Coalesced(() => this.#reader.head(channel))
      this.#heads.set(channel, head)
    }
    const coalesced = head
    return coalesced
      .get()
      .then((position) => {
        if (position !== null) this.#noticed(channel, formatCursor(position.epoch, position.offset), askedAt)
        return position
      })
      .finally(() => {
        if (coalesced.idle) this.#heads.delete(channel)
      })
  }

  async #at<T>(channel: ChannelId, name: string, read: Read<T>): Promise<Encoded<T> | null> {
    const head = await this.head(channel)
    return head === null ? null : this.#shared(channel, head, name, read)
  }

  /** What was read at this head under this name; read now where nobody has. */
  async #shared<T>(channel: ChannelId, head: Position, name: string, read: Read<T>): Promise<Encoded<T> | null> {
    const cursor = formatCursor(head.epoch, head.offset)
    const key = keyOf(channel, cursor, name)
    const kept = this.#kept.get(key)
    if (kept !== undefined) return kept.encoded as Encoded<T>
    const underWay = this.#underWay.get(key)
    if (underWay !== undefined) return underWay as Promise<Encoded<T> | null>
    const reading = this.#queue
      .run(() => read(cursor))
      .then((found) => {
        if (found === null) return null
        const encoded = encode(found.value, found.cursor)
        this.#keep(channel, cursor, key, encoded)
        return encoded
      })
      .finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, reading)
    return reading
  }

  /** Nobody asks at a head that has been passed, so what was read at it goes with the first answer at the next one. */
  #keep(channel: ChannelId, cursor: Cursor, key: string, encoded: Encoded<unknown>): void {
    let current = this.#current.get(channel)
    if (current === undefined || current.cursor !== cursor) {
      if (current !== undefined && !isLater(cursor, current.cursor)) return
      current = { cursor, keys: new Set() }
      this.#current.set(channel, current)
    }
    const { keys } = current
    this.#kept.set(key, { encoded, keys })
    // One that is too large for the cache is not in it.
    if (this.#kept.has(key)) keys.add(key)
  }
}

/** Whether a head is past another one. One of another log is taken for the later one: the logs follow each other. */
function isLater(cursor: Cursor, than: Cursor): boolean {
  const [one, other] = [parseCursor(cursor), parseCursor(than)]
  return one === null || other === null || one.epoch !== other.epoch || one.offset > other.offset
}

function keyOf(channel: ChannelId, cursor: Cursor, name: string): string {
  return `${channel} ${cursor} ${name}`
}

function changesName(after: Position, limit?: number): string {
  return `changes ${after.offset} ${limit ?? ''}`
}

/** A query as part of a key. */
export function pageName({ limit, before = '' as PageToken, keyEvents = false, tag }: PageQuery): string {
  return `page ${limit} ${before} ${keyEvents} ${tag === undefined ? '' : JSON.stringify(tag)}`
}

/** Told of a head that was read, and when it was asked for (`performance.now()`). */
type Noticed = (channel: ChannelId, head: Cursor, askedAt: number) => void

/** A channel's head, and the keys of all that is kept of it. */
interface CurrentHead {
  readonly cursor: Cursor
  readonly keys: Set<string>
}

interface KeptAnswer {
  readonly encoded: Encoded<unknown>
  /** The set that has its key. */
  readonly keys: Set<string>
}

/** Reads a value and says at which cursor it is true. */
type Read<T> = (head: Cursor) => Promise<{ value: T; cursor: Cursor } | null>

export function encode<T>(value: T, cursor: Cursor): Encoded<T> {
  return { value, json: Buffer.from(JSON.stringify(value)), cursor }
}
