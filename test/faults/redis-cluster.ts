import type { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import type { Program } from './program.ts'
import { RedisProgram, type RedisProgramOptions } from './redis-program.ts'
import type { Store } from './store.ts'
import { until } from './until.ts'

const slots = 16_384
const primaryCount = 3
const nodeTimeoutMs = 2_000
const moveKeysAtOnce = 100

/** Three primaries that share the slots, and a replica of each. */
export class RedisCluster implements Store {
  readonly servers: readonly ClusterServer[]

  private constructor(servers: readonly ClusterServer[]) {
    this.servers = servers
  }

  static async make(folder: string): Promise<RedisCluster> {
    const servers: ClusterServer[] = []
    for (let i = 1; i <= primaryCount * 2; i++) {
      const [port, busPort] = [await freePort(), await freePort()]
      servers.push(new ClusterServer({ name: `redis-${i}`, folder, port, busPort }))
    }
    return new RedisCluster(servers)
  }

  get url(): string {
    return `redis+cluster://${this.servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`
  }

  get programs(): readonly Program[] {
    return this.servers
  }

  async start(): Promise<void> {
    for (const server of this.servers) server.start()
    for (const server of this.servers) await server.answers()
    const [first] = this.servers
    if (first === undefined) throw new Error('A Cluster has servers.')
    for (const [i, server] of this.servers.entries()) {
      await server.ask('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
      if (i < primaryCount) {
        const [from, to] = [i, i + 1].map((at) => Math.floor((at * slots) / primaryCount))
        await server.ask('CLUSTER', 'ADDSLOTSRANGE', from ?? 0, (to ?? slots) - 1)
      }
      if (server !== first) await server.ask('CLUSTER', 'MEET', '127.0.0.1', first.port, first.busPort)
    }
    await this.#all(
      'know each other',
      async (server) => (await server.ask('CLUSTER', 'NODES')).trim().split('\n').length === this.servers.length,
    )
    for (const [i, server] of this.servers.entries()) {
      const primary = this.servers[i - primaryCount]
      if (primary !== undefined) await replicate(server, primary)
    }
    await this.whole()
  }

  /** Resolves once all slots are served and each primary has a replica that follows. */
  async whole(): Promise<void> {
    await this.#all('are a Cluster', async (server) => {
      if (!/cluster_state:ok/.test(await server.ask('CLUSTER', 'INFO'))) return false
      const replication = await server.ask('INFO', 'replication')
      return /role:master[\s\S]*connected_slaves:[1-9]/.test(replication) || /master_link_status:up/.test(replication)
    })
  }

  async slotOf(key: string): Promise<number> {
    return Number(await this.servers[0]?.ask('CLUSTER', 'KEYSLOT', key))
  }

  /** The primary that has the slot, as any server that runs sees it. */
  async primaryOf(slot: number): Promise<RedisProgram> {
    for (const server of this.servers.filter(({ runs }) => runs)) {
      const ranges = await server.with((redis) => redis.cluster('SLOTS')).catch(() => [])
      const port = ranges.find(([from, to]) => slot >= from && slot <= to)?.[2]?.[1]
      const found = this.servers.find((one) => one.port === port)
      if (found !== undefined) return found
    }
    throw new Error(`No server of ours has slot ${slot}.`)
  }

  /** Resolves once another server than this one has the slot. */
  async takenOverFrom(server: RedisProgram, slot: number): Promise<void> {
    await until('the replica has the slot', async () => (await this.primaryOf(slot)) !== server)
  }

  /** Moves a slot with all its keys to another primary, a few keys at a time, as resharding does. */
  async moveSlot(slot: number): Promise<void> {
    const from = await this.primaryOf(slot)
    const others = await Promise.all([0, slots / 2, slots - 1].map((other) => this.primaryOf(other)))
    const to = others.find((server) => server !== from)
    if (to === undefined) throw new Error('There is no other primary.')
    const [fromId, toId] = [await from.ask('CLUSTER', 'MYID'), await to.ask('CLUSTER', 'MYID')]
    await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
    await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
    await from.with(async (redis) => {
      for (;;) {
        const keys = (await redis.cluster('GETKEYSINSLOT', slot, moveKeysAtOnce)) as string[]
        if (keys.length === 0) break
        await redis.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys)
      }
    })
    for (const server of [to, from]) await server.ask('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
  }

  async withRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    return await (await this.primaryOf(0)).with(work)
  }

  async close(): Promise<void> {
    for (const server of this.servers) await server.end()
  }

  async #all(what: string, isSo: (server: RedisProgram) => Promise<boolean>): Promise<void> {
    await until(`the servers ${what}`, async () => (await Promise.all(this.servers.map(isSo))).every(Boolean))
  }
}

class ClusterServer extends RedisProgram {
  readonly busPort: number

  constructor({ busPort, ...options }: Omit<RedisProgramOptions, 'settings'> & { readonly busPort: number }) {
    const settings = {
      'cluster-enabled': 'yes',
      'cluster-port': String(busPort),
      'cluster-node-timeout': String(nodeTimeoutMs),
      // However long a replica was without its primary, it takes over.
      'cluster-replica-validity-factor': '0',
    }
    super({ ...options, settings })
    this.busPort = busPort
  }
}

/** A server is told of others by gossip, and refuses until it knows the primary. */
async function replicate(server: RedisProgram, primary: RedisProgram): Promise<void> {
  const id = await primary.ask('CLUSTER', 'MYID')
  await until(`${server.name} is a replica`, async () => (await server.ask('CLUSTER', 'REPLICATE', id)) === 'OK')
}
