import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Position } from '../wire/cursor.ts'
import type { ChannelId, Offset } from '../wire/scalars.ts'
import { type Redis, reconnectDelayMs } from './connection.ts'
import { channelKeys, probe } from './keys.ts'

export interface TailOptions {
  /** For the probe's own writes. */
  readonly redis: Redis
  /** Blocks in XREAD and does nothing else. */
  readonly blocking: Redis
  readonly prefix: string
  readonly processId: string
  readonly head: (channel: ChannelId) => Promise<Position | null>
  readonly logger: Logger
}

const blockMs = 5_000
/** A read that is this late is given up and its connection made anew: the other side may be gone without a word. */
const lateMs = 3_000
const entriesPerReadMax = 256
const probeTtlMs = 60_000
/** How often heads are compared. It finds a log that was lost and born again, whose offsets XREAD would wait past. */
const compareEveryMs = 2_000
const comparedAtOnceMax = 100

interface Watched {
  readonly channel: ChannelId
  readonly key: string
  epoch: string
  lastSeen: Offset
  readonly wake: () => void
}

type XreadReply = [stream: string, entries: [id: string, fields: string[]][]][]

/**
 * Wakes whoever watches a channel when its log grows. It blocks in XREAD, always from an id that it knows, so nothing
 * that is appended between two reads is missed. It only wakes: what changed is read by the one read script.
 *
 * Each process has a stream of its own, the probe, that the same XREAD waits on. It rings to have a new channel taken
 * into the read, and its echo shows that the tail is alive from end to end.
 */
export class Tail {
  readonly #options: TailOptions
  readonly #watched = new Map<string, Watched>()
  readonly #probeKey: string
  readonly #stop = new AbortController()
  readonly #echoes = new Map<number, () => void>()
  #rung = 0
  #heard = 0
  #failures = 0
  #running: Promise<unknown>

  constructor(options: TailOptions) {
    this.#options = options
    this.#probeKey = probe(options.prefix, 0, options.processId)
    this.#running = Promise.all([this.#follow(), this.#compare()])
  }

  /** Failed reads since the start, for the metrics. */
  get failures(): number {
    return this.#failures
  }

  /** Calls `wake` whenever the channel's log may have grown past the position. Returns what ends that. */
  watch(channel: ChannelId, from: Position, wake: () => void): () => void {
    const { log } = channelKeys(this.#options.prefix, channel)
    const watched: Watched = { channel, key: log, epoch: from.epoch, lastSeen: from.offset, wake }
    this.#watched.set(log, watched)
    this.#ring().catch((error: unknown) => {
      // The comparison of heads takes over until the read comes round by itself.
      this.#options.logger.warn({ channel, error: String(error) }, 'the tail could not be rung for a channel')
    })
    return () => {
      if (this.#watched.get(log) === watched) this.#watched.delete(log)
    }
  }

  /** Rings the probe and waits for its echo. Returns how long it took, in milliseconds; throws after `withinMs`. */
  async echo(withinMs: number): Promise<number> {
    const started = performance.now()
    const { promise, resolve } = Promise.withResolvers<void>()
    const late = AbortSignal.timeout(withinMs)
    const number = this.#rung + 1
    this.#echoes.set(number, resolve)
    try {
      await this.#ring()
      await Promise.race([promise, aborted(late)])
      if (late.aborted) throw new Error(`the probe did not come back within ${withinMs} ms`)
      return performance.now() - started
    } finally {
      this.#echoes.delete(number)
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#options.blocking.disconnect()
    await this.#running
  }

  async #ring(): Promise<void> {
    const number = ++this.#rung
    const { redis } = this.#options
    // Ids of our own, not times: they grow even where the clock jumps or the stream was lost.
    await redis.xadd(this.#probeKey, 'MAXLEN', 1, `${number}-0`, 'n', String(number))
    await redis.pexpire(this.#probeKey, probeTtlMs)
  }

  async #follow(): Promise<void> {
    const { blocking, logger } = this.#options
    for (let failed = 0; !this.#stop.signal.aborted; ) {
      try {
        await this.#readOnce()
        failed = 0
      } catch (error) {
        if (this.#stop.signal.aborted) return
        this.#failures++
        failed++
        logger.warn({ error: String(error), failed }, 'the tail could not be read; trying again')
        if (blocking.status === 'end') await blocking.connect().catch(() => undefined)
        await delay(reconnectDelayMs(failed), undefined, { signal: this.#stop.signal }).catch(() => undefined)
      }
    }
  }

  async #readOnce(): Promise<void> {
    const { blocking } = this.#options
    const watched = [...this.#watched.values()]
    const keys = [this.#probeKey, ...watched.map(({ key }) => key)]
    const ids = [`${this.#heard}-0`, ...watched.map(({ lastSeen }) => `${lastSeen}-0`)]
    const late = setTimeout(() => blocking.disconnect(true), blockMs + lateMs)
    try {
      const reply = await blocking.xread('COUNT', entriesPerReadMax, 'BLOCK', blockMs, 'STREAMS', ...keys, ...ids)
      for (const [key, entries] of (reply ?? []) as XreadReply) this.#heardFrom(key, entries.at(-1)?.[0] ?? '0-0')
    } finally {
      clearTimeout(late)
    }
  }

  #heardFrom(key: string, lastId: string): void {
    const number = Number.parseInt(lastId, 10)
    if (key === this.#probeKey) {
      this.#heard = number
      for (const [rung, resolve] of this.#echoes) if (rung <= number) resolve()
      return
    }
    const watched = this.#watched.get(key)
    if (watched === undefined) return
    watched.lastSeen = number as Offset
    watched.wake()
  }

  /** Compares what was seen with the heads, now and then, and wakes where they differ. */
  async #compare(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await delay(compareEveryMs, undefined, { signal }).catch(() => undefined)
      const watched = [...this.#watched.values()]
      for (let i = 0; i < watched.length && !signal.aborted; i += comparedAtOnceMax) {
        await Promise.all(watched.slice(i, i + comparedAtOnceMax).map((one) => this.#compareOne(one)))
      }
    }
  }

  async #compareOne(watched: Watched): Promise<void> {
    const seen = watched.lastSeen
    const head = await this.#options.head(watched.channel).catch(() => null)
    if (head === null || (head.epoch === watched.epoch && head.offset === seen)) return
    // An entry may have been seen while the head was read; only a head behind what was seen before has lost something.
    const reborn = head.epoch !== watched.epoch || head.offset < seen
    if (!reborn && head.offset <= watched.lastSeen) return
    if (reborn) this.#options.logger.warn({ channel: watched.channel, seen, head }, 'the log is not the one it was')
    watched.epoch = head.epoch
    watched.lastSeen = head.offset
    watched.wake()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
