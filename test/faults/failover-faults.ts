import { setTimeout as delay } from 'node:timers/promises'
import { channelKeys, partitions } from '../../src/log/keys.ts'
import type { ChannelId } from '../../src/wire/scalars.ts'
import { on } from './fault.ts'
import { prefix } from './node.ts'
import { RedisCluster } from './redis-cluster.ts'
import type { RedisProgram } from './redis-program.ts'
import { SentinelRedis } from './sentinel.ts'
import type { Setting } from './setting.ts'
import type { Stage } from './stage.ts'

/** How long the primary goes on alone, so that there is something that its replica lacks. */
const aloneMs = 1_500
const everything = Number.POSITIVE_INFINITY
const confirmed = { REDIS_MIN_REPLICAS: '1' }

const watched: Setting<SentinelRedis> = { store: (folder) => SentinelRedis.make(folder) }
const clustered: Setting<RedisCluster> = {
  store: (folder) => RedisCluster.make(folder),
  channels: oneOfEachPartition(),
  nodeEnv: confirmed,
}

export const failoverFaults = {
  // What was acknowledged is on the replica: nothing of it may be lost, though everyone starts over.
  'primary killed, confirmed': on(
    { ...watched, nodeEnv: confirmed },
    async (stage) => {
      stage.standsTo = everything
      await failOver(stage.store, await stage.store.primary())
    },
    { startsOver: true },
  ),
  // Acknowledged writes are lost, and others take their offsets before anyone has looked.
  'primary killed, end lost': on(watched, loseTheEnd, { startsOver: true, losesTheEnd: true }),
  'Cluster: primary killed': on(
    clustered,
    async (stage) => {
      stage.standsTo = everything
      const { store, channel } = stage
      const slot = await store.slotOf(metaOf(channel))
      const primary = await store.primaryOf(slot)
      await primary.end()
      await store.takenOverFrom(primary, slot)
      // It finds out by itself that it is a replica now.
      primary.start()
      await store.whole()
    },
    { startsOver: true },
  ),
  'Cluster: slots moved': on(clustered, async ({ store, channels }) => {
    for (const channel of channels) await store.moveSlot(await store.slotOf(metaOf(channel)))
  }),
} as const

/** The old primary comes back as a replica, as Sentinels would have it after a while. */
async function failOver(store: SentinelRedis, primary: RedisProgram): Promise<void> {
  await primary.end()
  await store.takenOverFrom(primary)
  const { port } = await store.primary()
  primary.start()
  await primary.answers()
  await primary.ask('REPLICAOF', '127.0.0.1', port)
}

/** The primary refuses its replica, goes on alone, and is killed. What stands is what the replica had got by then. */
async function loseTheEnd(stage: Stage<SentinelRedis>): Promise<void> {
  const { store, channel } = stage
  const primary = await store.primary()
  const replica = store.servers.find((server) => server !== primary)
  if (replica === undefined) throw new Error('There is no replica.')
  await primary.ask('ACL', 'SETUSER', 'default', '-psync', '-sync')
  await primary.ask('CLIENT', 'KILL', 'TYPE', 'replica')
  await delay(aloneMs)
  stage.standsTo = Number(await replica.ask('HGET', metaOf(channel), 'head'))
  await failOver(store, primary)
}

function metaOf(channel: string): string {
  return channelKeys(prefix, channel as ChannelId).meta
}

function oneOfEachPartition(): string[] {
  const found = new Map<number, string>()
  for (let i = 0; found.size < partitions; i++) {
    const { partition } = channelKeys(prefix, `faults-${i}` as ChannelId)
    if (!found.has(partition)) found.set(partition, `faults-${i}`)
  }
  return [...found.values()]
}
