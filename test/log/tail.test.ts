import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once as event } from 'node:events'
import test, { type TestContext } from 'node:test'
import { waitMsMax } from '../../scripts/setup/test-limits.js'
import { channelKeys } from '../../src/log/keys.ts'
import { channelId, content, newChannel, once, openTestLog, redisForFile, type TestLog } from '../helpers/log.ts'

const redisUrl = await redisForFile()
const lateMs = 50

/** Watches a channel from its head. `woken()` resolves with the next wake. */
async function watch(t: TestContext, log: TestLog, id: string) {
  const head = await log.head(channelId(id))
  assert.ok(head !== null)
  let next = Promise.withResolvers<void>()
  const unwatch = log.tail.watch(channelId(id), head, () => {
    next.resolve()
    next = Promise.withResolvers<void>()
  })
  t.after(unwatch)
  return { woken: () => next.promise, unwatch }
}

test('a write on one process wakes those who watch its channel on another', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const other = await openTestLog(t, redisUrl, { prefix: log.prefix })
  await log.createChannel(newChannel('war'), once())
  const { woken } = await watch(t, other, 'war')
  for (let i = 0; i < 20; i++) {
    const wake = woken()
    await log.publish(channelId('war'), content(`post ${i}`), once())
    await wake
  }
})

test('a channel that is watched while the tail waits on others is taken in at once', async (t) => {
  const log = await openTestLog(t, redisUrl)
  for (let i = 0; i < 30; i++) {
    const id = `channel-${i}`
    await log.createChannel(newChannel(id), once())
    const { woken } = await watch(t, log, id)
    const wake = woken()
    await log.publish(channelId(id), content('first'), once())
    await wake
  }
})

test('what is appended between taking the head and watching is not missed', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const head = await log.head(channelId('war'))
  assert.ok(head !== null)
  await log.publish(channelId('war'), content('in between'), once())
  await new Promise<void>((wake) => t.after(log.tail.watch(channelId('war'), head, () => wake())))
})

test('the tail goes on after its connection was killed, and misses nothing', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { woken } = await watch(t, log, 'war')
  for (let i = 0; i < 3; i++) {
    const wake = woken()
    await Promise.allSettled([log.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')])
    await log.publish(channelId('war'), content(`post ${i}`), once())
    await wake
  }
  assert.ok(log.tail.failures > 0)
})

test('a log that was lost and born again wakes those who watch it', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const war = channelId('war')
  await log.createChannel(newChannel('war'), once())
  for (let i = 0; i < 5; i++) await log.publish(war, content(`post ${i}`), once())
  const { woken } = await watch(t, log, 'war')
  const keys = channelKeys(log.prefix, war)
  await log.redis.del(keys.meta, keys.log, keys.rows, keys.index('order'), keys.channels)
  const wake = woken()
  await log.createChannel(newChannel('war'), once())
  await wake
})

test('a probe comes back, and does not while Redis is paused', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const other = await openTestLog(t, redisUrl)
  assert.ok((await log.tail.echo(waitMsMax)) >= 0)
  await other.redis.call('CLIENT', 'PAUSE', String(waitMsMax), 'WRITE')
  const late = assert.rejects(log.tail.echo(lateMs), /did not come back within 50 ms/)
  // This timer is younger than the probe's, and so ends after it.
  await event(AbortSignal.timeout(lateMs), 'abort')
  await other.redis.call('CLIENT', 'UNPAUSE')
  await late
  assert.ok((await log.tail.echo(waitMsMax)) >= 0)
})

test('whoever no longer watches is not woken', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  let wakes = 0
  const head = await log.head(channelId('war'))
  assert.ok(head !== null)
  log.tail.watch(channelId('war'), head, () => wakes++)()
  await log.publish(channelId('war'), content(randomBytes(4).toString('hex')), once())
  // The echo comes by the same reads, so a wake would have come before it.
  await log.tail.echo(waitMsMax)
  assert.equal(wakes, 0)
})

test('a probe comes back after its log was lost, as a whole or in part, and stays small', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const keysOf = async () => (await log.redis.call('KEYS', `${log.prefix}:{0}:probe:*`)) as string[]
  const named = async (end: string) => (await keysOf()).find((key) => key.endsWith(end)) ?? ''
  for (let i = 0; i < 20; i++) await log.tail.echo(waitMsMax)
  const [meta, rows, entries] = [await named(':meta'), await named(':rows'), await named(':log')]
  const losses = [
    () => log.redis.del(meta, rows, entries),
    () => log.redis.del(meta),
    () => log.redis.del(rows),
    // As on a server that took over and lacks the end.
    async () => {
      await log.redis.hset(meta, { head: 3, floor: 2 })
      await log.redis.del(entries)
    },
  ]
  for (const lose of losses) {
    await lose()
    assert.ok((await log.tail.echo(waitMsMax)) >= 0)
  }
  assert.ok((await log.redis.xlen(entries)) <= 110)
  for (const key of await keysOf()) {
    const leftMs = await log.redis.pttl(key)
    assert.ok(leftMs > 0 && leftMs <= 60_000, key)
  }
})

test('a probe comes back while many channels are followed for the first time', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const head = await log.head(channelId('war'))
  assert.ok(head !== null)
  for (let round = 0; round < 20; round++) {
    const echo = log.tail.echo(waitMsMax)
    // Each writes to the probe's log, to be taken into the read.
    for (let i = 0; i < 300; i++) log.tail.watch(channelId('war'), head, () => undefined)()
    assert.ok((await echo) >= 0)
  }
})
