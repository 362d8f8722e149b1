import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Position } from '../wire/cursor.ts'
import type { ChannelId, Offset } from '../wire/scalars.ts'
import type { Blocking, Entry } from './blocking.ts'
import { Coalesced } from './coalesce.ts'
import { reconnectDelayMs } from './connection.ts'
import type { Probe } from './probe.ts'

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
  readonly blocking: Blocking
  /** The log that this reader alone writes to and waits on. */
  readonly probe: Probe
  readonly logger: Logger
}

/**
 * One XREAD that goes round and round, on the logs of the channels that are watched and on a probe. It blocks always
 * from an id that it knows, so nothing that is appended between two reads is missed.
 *
 * The probe is a log of the reader's own. A write to it has a new channel taken into the read. Its echo shows that a post
 * could be written, would wake those who wait for it, and could be read.
 */
export class TailReader {
  readonly #options: TailReaderOptions
  readonly #watched = new Map<string, Watched>()
  readonly #stop = new AbortController()
  readonly #echoes = new Set<{ readonly offset: Offset; readonly heard: () => void }>()
  /** A write that began after it was asked for; many at once cost two. */
  readonly #ring: Coalesced<Position>
  readonly #running: Promise<void>
  #heard = 0 as Offset
  #failures = 0

  constructor(options: TailReaderOptions) {
    this.#options = options
    this.#ring = new Coalesced(() => options.probe.write(this.#heard))
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
    this.#ring.get().catch((error: unknown) => {
      // The comparison of heads takes over until the read comes round by itself.
      this.#options.logger.warn({ channel, error: String(error) }, 'the tail could not be rung for a channel')
    })
    return () => {
      if (this.#watched.get(key) === watched) this.#watched.delete(key)
    }
  }

  /** Writes the probe, waits for its echo and reads it. Returns how long it took, in milliseconds; throws after `withinMs`. */
  async echo(withinMs: number): Promise<number> {
    const started = performance.now()
    const late = AbortSignal.timeout(withinMs)
    await Promise.race([this.#roundTrip(late), aborted(late)])
    if (late.aborted) throw new Error(`the probe did not come back within ${withinMs} ms`)
    return performance.now() - started
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#options.blocking.close()
    await this.#running
  }

  async #roundTrip(late: AbortSignal): Promise<void> {
    const position = await this.#ring.get()
    await this.#hears(position.offset, late)
    if (!late.aborted) await this.#options.probe.requireChange(position)
  }

  /** Resolves once the read has come as far, or it is too late. */
  async #hears(offset: Offset, late: AbortSignal): Promise<void> {
    if (this.#heard >= offset || late.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const echo = { offset, heard: () => resolve() }
    this.#echoes.add(echo)
    late.addEventListener('abort', echo.heard, { once: true })
    await promise
    late.removeEventListener('abort', echo.heard)
    this.#echoes.delete(echo)
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
    const { blocking, probe } = this.#options
    const watched = [...this.#watched.values()]
    const keys = [probe.logKey, ...watched.map(({ key }) => key)]
    const ids = [`${this.#heard}-0`, ...watched.map(({ lastSeen }) => `${lastSeen}-0`)]
    const reply = await blocking.read(keys, ids)
    for (const [key, entries] of reply ?? []) this.#heardFrom(key, entries)
  }

  #heardFrom(key: string, entries: readonly Entry[]): void {
    const number = offsetOf(entries.at(-1))
    if (key === this.#options.probe.logKey) {
      this.#heard = number
      for (const { offset, heard } of this.#echoes) if (offset <= number) heard()
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
