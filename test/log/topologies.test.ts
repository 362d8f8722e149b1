import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { waitMsMax } from '../../scripts/setup/test-limits.js'
import { channelKeys, partitions } from '../../src/log/keys.ts'
import type { ChannelId } from '../../src/wire/scalars.ts'
import { RedisCluster } from '../faults/redis-cluster.ts'
import { SentinelRedis } from '../faults/sentinel.ts'
import type { Store } from '../faults/store.ts'
import { until } from '../faults/until.ts'
import { channelId, content, newChannel, once, openTestLog, type TestLog } from '../helpers/log.ts'

const echoMsMax = 10_000

async function started<S extends Store>(t: TestContext, make: (folder: string) => Promise<S>): Promise<S> {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-store-'))
  const store = await make(folder)
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  await store.start()
  return store
}

/** One channel in each partition. */
function channelOfEach(prefix: string): ChannelId[] {
  const found = new Map<number, ChannelId>()
  for (let i = 0; found.size < partitions; i++) {
    const id = channelId(`coverage-${i}`)
    const { partition } = channelKeys(prefix, id)
    if (!found.has(partition)) found.set(partition, id)
  }
  return [...found.values()]
}

/** Replicas have a second to confirm a write. One that they are too late for is sent again by its key. */
async function confirmed<T>(write: (key: ReturnType<typeof once>) => Promise<T>) {
  const key = once()
  return await until('the write is confirmed', () => write(key))
}

/** Publishes, and resolves once the log's own tail has told of it. */
async function publishedAndTold(t: TestContext, log: TestLog, channel: ChannelId): Promise<void> {
  const head = await log.head(channel)
  assert.ok(head !== null)
  const told = new Promise<void>((wake) => t.after(log.tail.watch(channel, head, () => wake())))
  await confirmed((key) => log.publish(channel, content('a post'), key))
  await told
}

test('by Sentinels the primary is found, and again when another has taken over', async (t) => {
  const store = await started(t, (folder) => SentinelRedis.make(folder))
  const log = await openTestLog(t, store.url, { replicasMin: 1 })
  const war = channelId('war')
  await confirmed((key) => log.createChannel(newChannel('war'), key))
  await publishedAndTold(t, log, war)
  const written = await confirmed((key) => log.publish(war, content('kept'), key))
  const primary = await store.primary()
  await primary.end()
  await store.takenOverFrom(primary)
  await until('the log answers', async () => (await log.head(war)) !== null)
  // It was on the replica, since nothing is acknowledged before.
  assert.equal((await log.post(war, written.item.id))?.value.version, 1)
  const unreplicated = await openTestLog(t, store.url, { prefix: log.prefix })
  await publishedAndTold(t, unreplicated, war)
  await until('the probe comes back', () => log.tail.echo(echoMsMax))
})

test('in a Cluster every partition is written, read, told of and probed', async (t) => {
  const store = await started(t, (folder) => RedisCluster.make(folder))
  const log = await openTestLog(t, store.url, { replicasMin: 1 })
  const channels = channelOfEach(log.prefix)
  for (const channel of channels) await confirmed((key) => log.createChannel(newChannel(channel), key))
  assert.deepEqual((await log.channels()).value.map(({ id }) => id).sort(), [...channels].sort())
  for (const channel of channels) {
    await publishedAndTold(t, log, channel)
    assert.equal((await log.snapshot(channel))?.value.posts.length, 1)
  }
  assert.ok((await log.tail.echo(waitMsMax)) >= 0)
})

test('a slot that moves takes its channel along, within the same epoch', async (t) => {
  const store = await started(t, (folder) => RedisCluster.make(folder))
  const log = await openTestLog(t, store.url)
  const war = channelId('war')
  await log.createChannel(newChannel('war'), once())
  await publishedAndTold(t, log, war)
  const before = await log.head(war)
  await store.moveSlot(await store.slotOf(channelKeys(log.prefix, war).meta))
  await until('the channel is served', async () => (await log.head(war)) !== null)
  assert.deepEqual(await log.head(war), before)
  await publishedAndTold(t, log, war)
  await until('the probe comes back', () => log.tail.echo(echoMsMax))
})

test('a primary of a Cluster that is killed is followed by its replica, and its channels get a new epoch', async (t) => {
  const store = await started(t, (folder) => RedisCluster.make(folder))
  const log = await openTestLog(t, store.url)
  const channels = channelOfEach(log.prefix)
  // A replica that has just synced may get what is written next up to a second later: the channels are to be on it.
  const replicated = await openTestLog(t, store.url, { prefix: log.prefix, replicasMin: 1 })
  for (const channel of channels) await confirmed((key) => replicated.createChannel(newChannel(channel), key))
  const [channel] = channels
  assert.ok(channel !== undefined)
  const before = await log.head(channel)
  const slot = await store.slotOf(channelKeys(log.prefix, channel).meta)
  const primary = await store.primaryOf(slot)
  await primary.end()
  await store.takenOverFrom(primary, slot)
  await until('the channel is served', async () => (await log.head(channel)) !== null)
  assert.notEqual((await log.head(channel))?.epoch, before?.epoch)
  for (const one of channels) {
    await until('the channel is served', async () => (await log.head(one)) !== null)
    await publishedAndTold(t, log, one)
  }
  await until('the probe comes back', () => log.tail.echo(echoMsMax))
})

test('a connection to a Cluster that is closed while it asks for the slots keeps no process', async (t) => {
  const store = await started(t, (folder) => RedisCluster.make(folder))
  const open = `
    import { pino } from 'pino'
    import { connected, connectForCommands } from ${JSON.stringify(new URL('../../src/log/connection.ts', import.meta.url).href)}
    const cluster = connectForCommands(${JSON.stringify(store.url)}, 'test', pino({ level: 'silent' }))
    await connected(cluster, ${waitMsMax})
    process.stdin.resume()
    console.log('open')
    const timer = setInterval(() => {
      if (!cluster.isRefreshing || !process.stdin.readableEnded) return
      clearInterval(timer)
      cluster.disconnect()
    }, 10)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', open], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const ended = event(child, 'exit')
  await event(child.stdout, 'data')
  // They take the question and give no answer.
  for (const server of store.servers) server.signal('SIGSTOP')
  child.stdin.end()
  assert.deepEqual(await ended, [0, null])
})
