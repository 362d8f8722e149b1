import { setTimeout as delay } from 'node:timers/promises'
import { Cluster } from 'ioredis'
import type { Logger } from 'pino'
import type { Position } from '../wire/cursor.ts'
import type { ChannelId } from '../wire/scalars.ts'
import { openBlocking } from './blocking.ts'
import type { Redis } from './connection.ts'
import { channelKeys, partitions } from './keys.ts'
import { Probe } from './probe.ts'
import type { Scripts } from './scripts.ts'
import { TailReader, type Wake, type Watched } from './tail-reader.ts'

export interface TailOptions {
  readonly redis: Redis
  readonly redisUrl: string
  readonly scripts: Scripts
  readonly prefix: string
  readonly processId: string
  readonly head: (channel: ChannelId) => Promise<Position | null>
  readonly logger: Logger
}

/** How often heads are compared. It finds a log that was lost and born again, whose offsets XREAD would wait past. */
const compareEveryMs = 2_000
const comparedAtOnceMax = 100

/**
 * Wakes whoever watches a channel when its log grows. It only wakes: what changed is read by the one read script.
 *
 * One reader waits for all channels, save in a Cluster, where an XREAD takes keys of one slot only: there each partition
 * has a reader of its own, and the probe must come back by every one of them.
 */
export class Tail {
  readonly #options: TailOptions
  readonly #readers: readonly TailReader[]
  readonly #stop = new AbortController()
  readonly #comparing: Promise<void>

  constructor(options: TailOptions) {
    this.#options = options
    const { redis, redisUrl, scripts, prefix, processId, logger } = options
    const readers = redis instanceof Cluster ? partitions : 1
    this.#readers = Array.from({ length: readers }, (_, partition) => {
      const blocking = openBlocking(redisUrl, redis, `wirecopy:${processId}:tail`, logger)
      const probe = new Probe({ redis, scripts, prefix, partition, processId })
      return new TailReader({ blocking, probe, logger })
    })
    this.#comparing = this.#compare()
  }

  /** Failed reads since the start, for the metrics. */
  get failures(): number {
    return this.#readers.reduce((sum, { failures }) => sum + failures, 0)
  }

  /** Calls `wake` whenever the channel's log may have grown past the position. Returns what ends that. */
  watch(channel: ChannelId, from: Position, wake: Wake): () => void {
    const { partition, log: key } = channelKeys(this.#options.prefix, channel)
    const reader = this.#readers[partition % this.#readers.length]
    if (reader === undefined) throw new Error('a tail has one reader at least')
    return reader.watch({ channel, key, epoch: from.epoch, lastSeen: from.offset, wake })
  }

  /** Has every reader's probe written, come back and read, as posts are. Returns how long it took, in milliseconds; throws after `withinMs`. */
  async echo(withinMs: number): Promise<number> {
    return Math.max(...(await Promise.all(this.#readers.map((reader) => reader.echo(withinMs)))))
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all([this.#comparing, ...this.#readers.map((reader) => reader.close())])
  }

  /** Compares what was seen with the heads, now and then, and wakes where they differ. */
  async #compare(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await delay(compareEveryMs, undefined, { signal }).catch(() => undefined)
      const watched = this.#readers.flatMap((reader) => [...reader.watched])
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
    watched.wake(null)
  }
}
