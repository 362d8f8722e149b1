import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { Program } from './program.ts'
import { brief, RedisProgram, redisServer, withConnection } from './redis-program.ts'
import type { Store } from './store.ts'
import { until } from './until.ts'

const sentinelCount = 3
/** A primary that is silent for this long is taken for dead. */
const downAfterMs = 1_000
const failoverMsMax = 5_000
const nameOfPrimary = 'news'

/** A primary and a replica, and three Sentinels that watch over them. */
export class SentinelRedis implements Store {
  readonly servers: readonly RedisProgram[]
  readonly #sentinels: readonly Sentinel[]

  private constructor(servers: readonly RedisProgram[], sentinels: readonly Sentinel[]) {
    this.servers = servers
    this.#sentinels = sentinels
  }

  static async make(folder: string): Promise<SentinelRedis> {
    const first = await RedisProgram.free({ name: 'redis-1', folder })
    const settings = { replicaof: `127.0.0.1 ${first.port}` }
    const second = await RedisProgram.free({ name: 'redis-2', folder, settings })
    const sentinels: Sentinel[] = []
    for (let i = 1; i <= sentinelCount; i++) {
      sentinels.push(new Sentinel(`sentinel-${i}`, folder, await freePort(), first.port))
    }
    return new SentinelRedis([first, second], sentinels)
  }

  get url(): string {
    return `redis+sentinel://${this.#sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${nameOfPrimary}`
  }

  get programs(): readonly Program[] {
    return [...this.servers, ...this.#sentinels]
  }

  /** Resolves once the Sentinels know each other and the replica, so that they can agree on a failover. */
  async start(): Promise<void> {
    for (const server of this.servers) server.start()
    for (const server of this.servers) await server.answers()
    await until('the replica follows', async () => {
      const [, replica] = this.servers
      return /master_link_status:up/.test((await replica?.ask('INFO', 'replication')) ?? '')
    })
    for (const sentinel of this.#sentinels) sentinel.start()
    await until('the Sentinels know each other', async () => {
      const known = await Promise.all(this.#sentinels.map((sentinel) => sentinel.knows()))
      return known.every(({ sentinels, replicas }) => sentinels === sentinelCount - 1 && replicas === 1)
    })
  }

  /** The one that the Sentinels name. */
  async primary(): Promise<RedisProgram> {
    const port = await this.withRedis(async (redis) => Number(((await redis.config('GET', 'port')) as string[])[1]))
    const found = this.servers.find((server) => server.port === port)
    if (found === undefined) throw new Error('The Sentinels name a primary that is none of ours.')
    return found
  }

  /** Resolves once another server than this one is the primary. */
  async takenOverFrom(server: RedisProgram): Promise<void> {
    await until('the replica is the primary', async () => (await this.primary()) !== server)
  }

  async withRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const sentinels = this.#sentinels.map(({ port }) => ({ host: '127.0.0.1', port }))
    const once = { ...brief, sentinelRetryStrategy: () => null }
    return await withConnection(new Redis({ sentinels, name: nameOfPrimary, ...once }), work)
  }

  async close(): Promise<void> {
    for (const program of [...this.#sentinels, ...this.servers]) await program.end()
  }
}

class Sentinel extends Program {
  readonly port: number

  constructor(name: string, folder: string, port: number, primaryPort: number) {
    const file = join(folder, `${name}.conf`)
    super(name, () => {
      // A Sentinel writes down what it finds out in its own configuration, and so must have a file.
      writeFileSync(
        file,
        [
          `port ${port}`,
          'bind 127.0.0.1',
          `dir ${folder}`,
          `sentinel monitor ${nameOfPrimary} 127.0.0.1 ${primaryPort} ${Math.ceil((sentinelCount + 1) / 2)}`,
          `sentinel down-after-milliseconds ${nameOfPrimary} ${downAfterMs}`,
          `sentinel failover-timeout ${nameOfPrimary} ${failoverMsMax}`,
        ].join('\n'),
      )
      return spawn(redisServer(), [file, '--sentinel'], { stdio: ['ignore', 'ignore', 'inherit'] })
    })
    this.port = port
  }

  async knows(): Promise<{ sentinels: number; replicas: number }> {
    return await withConnection(new Redis({ host: '127.0.0.1', port: this.port, ...brief }), async (redis) => {
      const told = (await redis.call('SENTINEL', 'MASTER', nameOfPrimary)) as string[]
      const field = (name: string) => Number(told[told.indexOf(name) + 1])
      return { sentinels: field('num-other-sentinels'), replicas: field('num-slaves') }
    })
  }
}
