import { LRUCache } from 'lru-cache'
import { CodedError } from '../errors.ts'
import type { Page, Snapshot } from '../wire/batch.ts'
import type { Channel } from '../wire/channel.ts'
import { parseCursor } from '../wire/cursor.ts'
import type { Post } from '../wire/post.ts'
import type { ChannelId, Cursor, PostId } from '../wire/scalars.ts'
import type { Encoded, Known, PageQuery } from './log.ts'
import { encode, pageName } from './view.ts'

/** The list of channels has no log, and so no cursor. */
const everyChannel = '' as ChannelId
const noCursor = '' as Cursor
/** A head that no answer has come as far as. */
const unreachable = '' as Cursor

/** Bytes of answers that a process keeps for when the store is away. */
const knownBytesMax = 64 * 1_048_576
const headsMax = 10_000
/** A reader for whom there is a last known answer waits this long for a fresh one. */
const patienceMs = 1_000
/** For this long after the store did not answer, nobody waits for it again who can be told what is known. */
const awayMs = 500

/**
 * What the process last knew, for readers who come while the store is away. An answer is given again only where the
 * process has heard of no change since: one that it knows to be overtaken may hold a text that was retracted.
 */
export class LastKnown {
  readonly #known = new LRUCache<string, { encoded: Encoded<unknown>; checkedAt: number }>({
    maxSize: knownBytesMax,
    sizeCalculation: ({ encoded }) => encoded.json.length + 500,
  })
  readonly #heads = new LRUCache<ChannelId, Cursor>({ max: headsMax })
  #awayUntil = 0

  /** The process has heard that the channel has come this far. */
  noticed(channel: ChannelId, head: Cursor): void {
    const before = this.#heads.get(channel)
    if (before === undefined || !reaches(before, head)) this.#heads.set(channel, head)
  }

  /**
   * A write that this process asked for has come this far. Its answer may be late, as where replicas had to confirm it, and
   * what was read since may be of the log's next epoch. Which one is the newer can't be told then, so nothing is given
   * again until the head has been read.
   */
  wrote(channel: ChannelId, written: Cursor): void {
    const before = this.#heads.get(channel)
    const isOfOneLog = before === undefined || parseCursor(before)?.epoch === parseCursor(written)?.epoch
    if (isOfOneLog) this.noticed(channel, written)
    else this.#heads.set(channel, unreachable)
  }

  async channels(fresh: () => Promise<readonly Channel[]>): Promise<Known<readonly Channel[]>> {
    const found = await this.#read(everyChannel, 'channels', async () => encode(await fresh(), noCursor))
    if (found === null) return { value: [] }
    return { value: found.value, ...(found.staleMs === undefined ? {} : { staleMs: found.staleMs }) }
  }

  snapshot(channel: ChannelId, fresh: () => Promise<Encoded<Snapshot> | null>): Promise<Encoded<Snapshot> | null> {
    return this.#read(channel, 'snapshot', fresh)
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
      const snapshot = this.#current<Snapshot>(channel, 'snapshot')
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
    const before = this.#current<T>(channel, name)
    if (before !== null && askedAt < this.#awayUntil) return before
    try {
      const encoded = await (before === null ? fresh() : within(fresh()))
      const key = `${channel} ${name}`
      if (encoded === null) this.#known.delete(key)
      else this.#known.set(key, { encoded, checkedAt: askedAt })
      return encoded
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'unavailable') throw error
      this.#awayUntil = performance.now() + awayMs
      const known = this.#current<T>(channel, name)
      if (known === null) throw error
      return known
    }
  }

  /** The last known answer, where no change since then is known. */
  #current<T>(channel: ChannelId, name: string): Encoded<T> | null {
    const known = this.#known.get(`${channel} ${name}`)
    if (known === undefined) return null
    const head = this.#heads.get(channel)
    if (head !== undefined && !reaches(known.encoded.cursor, head)) return null
    return { ...(known.encoded as Encoded<T>), staleMs: Math.round(performance.now() - known.checkedAt) }
  }
}

/** Whether a cursor has come as far as a head of the same log. */
function reaches(cursor: Cursor, head: Cursor): boolean {
  const [a, b] = [parseCursor(cursor), parseCursor(head)]
  return a !== null && b !== null && a.epoch === b.epoch && a.offset >= b.offset
}

async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CodedError('unavailable', 'The store takes too long.')), patienceMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
