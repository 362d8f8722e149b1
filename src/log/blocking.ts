import { Cluster, type Redis as Connection } from 'ioredis'
import type { Logger } from 'pino'
import { parseAddress, type RedisOptions } from './address.ts'
import { connectToServer, type Redis } from './connection.ts'

export type Entry = [id: string, fields: string[]]
type XreadReply = [stream: string, entries: Entry[]][]

/** The longest that a read blocks, in milliseconds. */
const blockMs = 5_000
/** A read that is this late is given up and its connection made anew: the other side may be gone without a word. */
const lateMs = 3_000
const entriesPerReadMax = 256

/** A connection that blocks in XREAD and does nothing else. */
export interface Blocking {
  /** Waits for entries past the ids; null where none came within `blockMs`. Throws where the connection fails. */
  read(keys: readonly string[], ids: readonly string[]): Promise<XreadReply | null>
  close(): void
}

/** Opens one for keys of one slot, or, where `redis` is not a Cluster, for any keys. */
export function openBlocking(url: string, redis: Redis, name: string, logger: Logger): Blocking {
  const address = parseAddress(url)
  if (redis instanceof Cluster) return new SlotBlocking(redis, address.options, name, logger)
  return new ServerBlocking(connectToServer(address.options, name, logger, forBlocking))
}

const forBlocking = { socketTimeout: blockMs + lateMs } as const satisfies RedisOptions

async function xread(redis: Connection, keys: readonly string[], ids: readonly string[]): Promise<XreadReply | null> {
  if (redis.status === 'wait' || redis.status === 'end') await redis.connect()
  return await redis.xread('COUNT', entriesPerReadMax, 'BLOCK', blockMs, 'STREAMS', ...keys, ...ids)
}

/** By one server, or by the primary that Sentinels name. The connection comes back by itself. */
class ServerBlocking implements Blocking {
  readonly #redis: Connection

  constructor(redis: Connection) {
    this.#redis = redis
  }

  read(keys: readonly string[], ids: readonly string[]): Promise<XreadReply | null> {
    return xread(this.#redis, keys, ids)
  }

  close(): void {
    this.#redis.disconnect()
  }
}

/**
 * By the node of a Cluster that has the keys' slot. Any primary says which one that is (`MOVED`), so one is asked by
 * chance, and again whenever a read fails.
 */
class SlotBlocking implements Blocking {
  readonly #cluster: Cluster
  readonly #options: RedisOptions
  readonly #name: string
  readonly #logger: Logger
  #redis: Connection | null = null
  #closed = false

  constructor(cluster: Cluster, options: RedisOptions, name: string, logger: Logger) {
    this.#cluster = cluster
    this.#options = options
    this.#name = name
    this.#logger = logger
  }

  async read(keys: readonly string[], ids: readonly string[]): Promise<XreadReply | null> {
    try {
      this.#redis ??= this.#toAny()
      return await xread(this.#redis, keys, ids)
    } catch (error) {
      const moved = /^MOVED \d+ (\S*):(\d+)$/.exec(error instanceof Error ? error.message : '')
      const { host = '' } = this.#redis?.options ?? {}
      this.#drop()
      if (moved === null || this.#closed) throw error
      // A node that does not know its own name leaves the host empty: it is reached as the one that was asked.
      this.#redis = this.#to(moved[1] || host, Number(moved[2]))
      return await xread(this.#redis, keys, ids).catch((again: unknown) => {
        this.#drop()
        throw again
      })
    }
  }

  close(): void {
    this.#closed = true
    this.#drop()
  }

  #toAny(): Connection {
    const primaries = this.#cluster.nodes('master')
    const { host, port } = primaries[Math.floor(Math.random() * primaries.length)]?.options ?? {}
    if (host === undefined || port === undefined) throw new Error('no node of the Cluster is known now')
    return this.#to(host, port)
  }

  #to(host: string, port: number): Connection {
    // It is opened anew where it fails, and elsewhere perhaps.
    const more = { ...forBlocking, retryStrategy: () => null, host, port }
    return connectToServer(this.#options, this.#name, this.#logger, more)
  }

  #drop(): void {
    if (this.#redis?.status !== 'end') this.#redis?.disconnect()
    this.#redis = null
  }
}
