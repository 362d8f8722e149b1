import { LRUCache } from 'lru-cache'
import { CodedError } from '../errors.ts'
import type { Batch, Page, Snapshot } from '../wire/batch.ts'
import type { Channel } from '../wire/channel.ts'
import { formatCursor, type Position, parseCursor } from '../wire/cursor.ts'
import type { Post } from '../wire/post.ts'
import type { ChannelId, Cursor, PostId } from '../wire/scalars.ts'
import { foldSnapshot } from './fold-snapshot.ts'
import type { Encoded, Known, PageQuery } from './log.ts'
import { encode, pageName } from './view.ts'

/** The list of channels has no log, and so no cursor. */
const everyChannel = '' as ChannelId
const noCursor = '' as Cursor
const snapshotName = 'snapshot'
/** A head that no answer has come as far as. */
const unreachable = '' as Cursor

/**
 * The longest that an answer is given after it was known to be what the store has. A process that is cut off from the
 * store hears of no retraction, so this bounds for how long it may show a text that was retracted elsewhere.
 */
const knownMsMax = 60_000
/** Bytes that a process keeps of answers, encoded and as values, for when the store is away. */
const knownBytesMax = 64 * 1_048_576
/** What an answer takes beyond its text. */
const bytesPerAnswer = 500
const headsMax = 10_000
/** A reader for whom there is a last known answer waits this long for a fresh one. */
const patienceMs = 1_000
/** Changes, and their bytes, by which a snapshot is brought up. Past them it is to be read again. */
const laterChangesMax = 64
const laterBytesMax = 262_144
/** For this long after the store did not answer, nobody waits for it again who can be told what is known. */
const awayMs = 500

/** An answer, and the batches that have come since; only a snapshot has such. */
interface LastAnswer {
  readonly encoded: Encoded<unknown>
  readonly later: readonly Batch[]
  readonly laterBytes: number
  /** How far it reaches by them. */
  readonly reach: Cursor
  /** When it was read (`performance.now()`). A head that was read later may show that it still is what the store has. */
  readonly checkedAt: number
}

interface KnownHead {
  readonly cursor: Cursor
  /** When the store was last known to have this head (`performance.now()`); null if it only has come as far. */
  readonly checkedAt: number | null
}

/**
 * What the process last knew, for readers who come while the store is away. An answer is given again only if the process
 * has heard of no change since, as one that it knows to be overtaken may hold a text that was retracted; and only for
 * `knownMsMax`.
 */
export class LastKnown {
  readonly #knownMsMax: number
  readonly #known = new LRUCache<string, LastAnswer>({
    maxSize: knownBytesMax,
    sizeCalculation: ({ encoded, laterBytes }, key) =>
      2 * (encoded.json.length + laterBytes) + key.length + bytesPerAnswer,
  })
  readonly #heads = new LRUCache<ChannelId, KnownHead>({ max: headsMax })
  #awayUntil = 0

  constructor(msMax = knownMsMax) {
    this.#knownMsMax = msMax
  }

  /** The channel's head was this one when it was asked for. */
  noticed(channel: ChannelId, head: Cursor, askedAt: number): void {
    const before = this.#heads.get(channel)
    if (before?.cursor === head) {
      this.#heads.set(channel, { cursor: head, checkedAt: Math.max(before.checkedAt ?? askedAt, askedAt) })
    } else if (before === undefined || !reaches(before.cursor, head)) {
      this.#heads.set(channel, { cursor: head, checkedAt: askedAt })
    }
  }

  /**
   * A write that this process asked for has come this far. Its answer may be late, as where replicas had to confirm it, and
   * what was read since may be of the log's next epoch. Which one is the newer can't be told then, so nothing is given
   * again until the head has been read.
   */
  wrote(channel: ChannelId, written: Cursor): void {
    const before = this.#heads.get(channel)
    const sameLog = before === undefined || isOfSameLog(before.cursor, written)
    if (before !== undefined && reaches(before.cursor, written)) return
    // Others may have written since, so the head was not necessarily this one.
    this.#heads.set(channel, { cursor: sameLog ? written : unreachable, checkedAt: null })
  }

  /**
   * Changes that were asked for at this time have been read. Where they follow on the last known snapshot, they are kept
   * with it; it is put together when it is needed, which it seldom is.
   */
  heard(channel: ChannelId, { value: batch, json }: Encoded<Batch>, askedAt: number): void {
    const key = keyOf(channel, snapshotName)
    const known = this.#known.get(key)
    const reached = known === undefined ? null : parseCursor(known.reach)
    if (known === undefined || reached?.epoch !== batch.epoch) return
    // A snapshot that was read in the middle of a batch loses nothing by it: the batch has its posts as they stand now.
    if (batch.from > reached.offset || batch.to <= reached.offset) return
    const later = [...known.later, batch]
    const laterBytes = known.laterBytes + json.length
    const changes = later.reduce((sum, { changes }) => sum + changes.length, 0)
    if (changes > laterChangesMax || laterBytes > laterBytesMax) return
    const reach = formatCursor(batch.epoch, batch.to)
    this.#known.set(key, { encoded: known.encoded, later, laterBytes, reach, checkedAt: askedAt })
  }

  /** Whether there is a snapshot that reaches this far. */
  hasSnapshot(channel: ChannelId, { epoch, offset }: Position): boolean {
    const known = this.#known.get(keyOf(channel, snapshotName))
    return known !== undefined && reaches(known.reach, formatCursor(epoch, offset))
  }

  async channels(fresh: () => Promise<readonly Channel[]>): Promise<Known<readonly Channel[]>> {
    const found = await this.#read(everyChannel, 'channels', async () => encode(await fresh(), noCursor))
    if (found === null) return { value: [] }
    return { value: found.value, ...(found.staleMs === undefined ? {} : { staleMs: found.staleMs }) }
  }

  snapshot(channel: ChannelId, fresh: () => Promise<Encoded<Snapshot> | null>): Promise<Encoded<Snapshot> | null> {
    return this.#read(channel, snapshotName, fresh)
  }

  page(
    channel: ChannelId,
    query: PageQuery,
    fresh: () => Promise<Encoded<Page> | null>,
  ): Promise<Encoded<Page> | null> {
    return this.#read(channel, pageName(query), fresh)
  }

  /** A post that nobody asked for since the last change is looked for in the snapshot, which is kept fresh. */
  async post(
    channel: ChannelId,
    id: PostId,
    fresh: () => Promise<Encoded<Post> | null>,
  ): Promise<Encoded<Post> | null> {
    try {
      return await this.#read(channel, `post ${id}`, fresh)
    } catch (error) {
      const snapshot = this.#current<Snapshot>(channel, snapshotName)
      const post = [...(snapshot?.value.posts ?? []), ...(snapshot?.value.pinned ?? [])].find((one) => one.id === id)
      if (snapshot === null || post === undefined) throw error
      return {
        ...encode(post, snapshot.cursor),
        ...(snapshot.staleMs === undefined ? {} : { staleMs: snapshot.staleMs }),
      }
    }
  }

  /** A fresh answer; or, where the store does not give one, the last known, with its age as `staleMs`. */
  async #read<T>(
    channel: ChannelId,
    name: string,
    fresh: () => Promise<Encoded<T> | null>,
  ): Promise<Encoded<T> | null> {
    const askedAt = performance.now()
    const isKnown = this.#newest(channel, name) !== null
    if (askedAt < this.#awayUntil) {
      const known = this.#current<T>(channel, name)
      if (known !== null) return known
    }
    try {
      const encoded = await (isKnown ? within(fresh()) : fresh())
      this.#know(keyOf(channel, name), encoded, askedAt)
      return encoded
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'unavailable') throw error
      this.#awayUntil = performance.now() + awayMs
      const known = this.#current<T>(channel, name)
      if (known === null) throw error
      return known
    }
  }

  #know(key: string, encoded: Encoded<unknown> | null, askedAt: number): void {
    if (encoded === null) {
      this.#known.delete(key)
      return
    }
    // An answer that was late may be behind what has been heard since it was asked for.
    const known = this.#known.get(key)
    if (known !== undefined && isOfSameLog(known.reach, encoded.cursor) && !reaches(encoded.cursor, known.reach)) return
    this.#known.set(key, { encoded, later: [], laterBytes: 0, reach: encoded.cursor, checkedAt: askedAt })
  }

  /** What is known, and for how long it has not been checked; null if a change since is known, or it is too old. */
  #newest(channel: ChannelId, name: string): { known: LastAnswer; staleMs: number } | null {
    const known = this.#known.get(keyOf(channel, name))
    if (known === undefined) return null
    const head = this.#heads.get(channel)
    if (head !== undefined && !reaches(known.reach, head.cursor)) return null
    // A channel whose head has stayed where the answer reaches is as the answer says.
    const confirmedAt = head?.cursor === known.reach ? (head.checkedAt ?? known.checkedAt) : known.checkedAt
    const staleMs = performance.now() - Math.max(known.checkedAt, confirmedAt)
    return staleMs > this.#knownMsMax ? null : { known, staleMs }
  }

  /** The same as an answer. */
  #current<T>(channel: ChannelId, name: string): Encoded<T> | null {
    const newest = this.#newest(channel, name)
    if (newest === null) return null
    const { known, staleMs } = newest
    const { later, reach, checkedAt } = known
    let { encoded } = known
    if (later.length > 0) {
      encoded = encode(foldSnapshot((encoded as Encoded<Snapshot>).value, later), reach)
      this.#known.set(keyOf(channel, name), { encoded, later: [], laterBytes: 0, reach, checkedAt })
    }
    return { ...(encoded as Encoded<T>), staleMs: Math.round(staleMs) }
  }
}

function keyOf(channel: ChannelId, name: string): string {
  return `${channel} ${name}`
}

function isOfSameLog(one: Cursor, other: Cursor): boolean {
  const position = parseCursor(one)
  return position !== null && position.epoch === parseCursor(other)?.epoch
}

/** Whether a cursor has come as far as a head of the same log. */
function reaches(cursor: Cursor, head: Cursor): boolean {
  const [a, b] = [parseCursor(cursor), parseCursor(head)]
  return a !== null && b !== null && a.epoch === b.epoch && a.offset >= b.offset
}

async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new CodedError('unavailable', 'The store takes too long. Try again shortly.', {
      retryAfterSeconds: 2,
    })
    timer = setTimeout(() => reject(error), patienceMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
