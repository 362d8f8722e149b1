import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { ChannelId, Offset } from '../wire/scalars.ts'
import type { Blocking, Entry } from './blocking.ts'
import { type Redis, reconnectDelayMs } from './connection.ts'

const probeTtlMs = 60_000
const toldEvery = 10

/** A channel whose log is waited on, and how far it has been seen. */
export interface Watched {
  readonly channel: ChannelId
  readonly key: string
  epoch: string
  lastSeen: Offset
  readonly wake: Wake
}

/** Told that a log may have grown, and where the latest retraction stands that was seen in it just now, if any. */
export type Wake = (retraction: Offset | null) => void

export interface TailReaderOptions {
  /** For the probe's own writes. */
  readonly redis: Redis
  readonly blocking: Blocking
  /** The stream that this reader alone writes to and waits on. */
  readonly probeKey: string
  readonly logger: Logger
}

/**
 * One XREAD that goes round and round, on the logs of the channels that are watched and on a probe. It blocks always
 * from an id that it knows, so nothing that is appended between two reads is missed.
 *
 * The probe is a stream of its own. It rings to have a new channel taken into the read, and its echo shows that the
 * reader is alive from end to end.
 */
export class TailReader {
  readonly #options: TailReaderOptions
  readonly #watched = new Map<string, Watched>()
  readonly #stop = new AbortController()
  readonly #echoes = new Map<number, () => void>()
  readonly #running: Promise<void>
  #rung = 0
  #heard = 0
  #failures = 0

  constructor(options: TailReaderOptions) {
    this.#options = options
    this.#running = this.#follow()
  }

  /** Failed reads since the start. */
  get failures(): number {
    return this.#failures
  }

  get watched(): Iterable<Watched> {
    return this.#watched.values()
  }

  /** Takes a channel into the read. Returns what ends that. */
  watch(watched: Watched): () => void {
    const { channel, key } = watched
    this.#watched.set(key, watched)
    this.#ring().catch((error: unknown) => {
      // The comparison of heads takes over until the read comes round by itself.
      this.#options.logger.warn({ channel, error: String(error) }, 'the tail could not be rung for a channel')
    })
    return () => {
      if (this.#watched.get(key) === watched) this.#watched.delete(key)
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
    this.#options.blocking.close()
    await this.#running
  }

  async #ring(): Promise<void> {
    const number = ++this.#rung
    const { redis, probeKey } = this.#options
    // Ids of our own, not times: they grow even where the clock jumps or the stream was lost.
    await redis.xadd(probeKey, 'MAXLEN', 1, `${number}-0`, 'n', String(number))
    await redis.pexpire(probeKey, probeTtlMs)
  }

  async #follow(): Promise<void> {
    const { logger } = this.#options
    for (let failed = 0; !this.#stop.signal.aborted; ) {
      try {
        await this.#readOnce()
        failed = 0
      } catch (error) {
        if (this.#stop.signal.aborted) return
        this.#failures++
        failed++
        // The first failure is news; the others are told now and then.
        const level = failed % toldEvery === 1 ? 'warn' : 'debug'
        logger[level]({ error: String(error), failed }, 'the tail could not be read; trying again')
        await delay(reconnectDelayMs(failed), undefined, { signal: this.#stop.signal }).catch(() => undefined)
      }
    }
  }

  async #readOnce(): Promise<void> {
    const { blocking, probeKey } = this.#options
    const watched = [...this.#watched.values()]
    const keys = [probeKey, ...watched.map(({ key }) => key)]
    const ids = [`${this.#heard}-0`, ...watched.map(({ lastSeen }) => `${lastSeen}-0`)]
    const reply = await blocking.read(keys, ids)
    for (const [key, entries] of reply ?? []) this.#heardFrom(key, entries)
  }

  #heardFrom(key: string, entries: readonly Entry[]): void {
    const number = offsetOf(entries.at(-1))
    if (key === this.#options.probeKey) {
      this.#heard = number
      for (const [rung, resolve] of this.#echoes) if (rung <= number) resolve()
      return
    }
    const watched = this.#watched.get(key)
    if (watched === undefined) return
    watched.lastSeen = number
    const retraction = entries.findLast(([, fields]) => fields[fields.indexOf('t') + 1] === 'post.retracted')
    watched.wake(retraction === undefined ? null : offsetOf(retraction))
  }
}

function offsetOf(entry: Entry | undefined): Offset {
  return Number.parseInt(entry?.[0] ?? '0', 10) as Offset
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
