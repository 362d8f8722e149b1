import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { opsKeys } from '../../src/log/keys.ts'
import { Registry, type Report } from '../../src/ops/registry.ts'
import { OpsChannels, OpsNodes } from '../../src/wire/ops.ts'
import { openTestLog, redisForFile } from '../helpers/log.ts'

const redisUrl = await redisForFile()

const report = (fields: Partial<Report> = {}): Report => ({
  node: 'a',
  worker: 0,
  startedAt: '2026-01-01T00:00:00.000Z',
  ready: true,
  connections: { websocket: 2, polling: 1, sse: 1 },
  followers: 4,
  behind: 1,
  channels: [{ channel: 'war', websocket: 2, polling: 1, sse: 1, followers: 4, behind: 1 }],
  ...fields,
})

/** Processes that share a registry, and a hand on its clock. */
async function openRegistry(t: TestContext) {
  const { redis, prefix } = await openTestLog(t, redisUrl)
  const keys = opsKeys(prefix)
  return {
    redis,
    keys,
    process: (id: string) => new Registry(redis, prefix, id),
    /** Lets time pass for the registry, as if somebody had reported all the while. */
    pass: async (ms: number) => {
      await redis.hincrby(keys.clock, 'now', ms)
    },
    /** As if the clock of Redis had been put forward, or back. */
    jump: async (ms: number) => {
      await redis.hincrby(keys.clock, 'wall', -ms)
      for (const [id, row] of Object.entries(await redis.hgetall(keys.processes))) {
        const [at = '', ...rest] = row.split(' ')
        await redis.hset(keys.processes, id, [Number(at) - ms, ...rest].join(' '))
      }
    },
  }
}

const names = ({ nodes }: OpsNodes) => nodes.map(({ node, worker }) => `${node}/${worker}`)
const lostOf = ({ lost }: OpsNodes) =>
  lost.map(({ node, worker, replaced }) => `${node}/${worker}${replaced ? ' back' : ''}`)

test('counts of all processes add up, by node and by channel', async (t) => {
  const { process } = await openRegistry(t)
  const [a, b] = [process('a-0'), process('b-0')]
  await a.report(report())
  await b.report(report({ node: 'b' }))
  const nodes = OpsNodes.parse(await a.nodes())
  assert.deepEqual(nodes.total, { websocket: 4, polling: 2, sse: 2, followers: 8, behind: 2 })
  assert.deepEqual(
    nodes.nodes.map(({ node, channels }) => [node, channels]),
    [
      ['a', 1],
      ['b', 1],
    ],
  )
  const { channels } = OpsChannels.parse(await b.channels())
  assert.deepEqual(channels, [{ channel: 'war', websocket: 4, polling: 2, sse: 2, followers: 8, behind: 2 }])
})

test('a process that falls silent is lost for 15 minutes, with its followers; one that stops is gone at once', async (t) => {
  const { process, pass, redis, keys } = await openRegistry(t)
  const [killed, stopped, stays] = [process('killed'), process('stopped'), process('stays')]
  await killed.report(report({ node: 'killed', followers: 130 }))
  await stopped.report(report({ node: 'stopped' }))
  await stopped.leave({ node: 'stopped', worker: 0 })
  await stays.report(report({ node: 'stays' }))
  assert.deepEqual(names(await stays.nodes()), ['killed/0', 'stays/0'])

  await pass(6_001)
  assert.equal(await stays.report(report({ node: 'stays' })), 1)
  const standing = OpsNodes.parse(await stays.nodes())
  assert.deepEqual(names(standing), ['stays/0'])
  assert.deepEqual(lostOf(standing), ['killed/0'])
  assert.equal(standing.lost[0]?.followers, 130)
  assert.ok((standing.lost[0]?.ageMs ?? 0) > 6_000)
  assert.equal(standing.total.followers, 4, 'what it had is not in the sum')
  assert.deepEqual(
    OpsChannels.parse(await stays.channels()).channels.map(({ followers }) => followers),
    [4],
  )

  await pass(14 * 60_000)
  await stays.report(report({ node: 'stays' }))
  assert.deepEqual(lostOf(await stays.nodes()), ['killed/0'])
  await pass(60_000)
  assert.equal(await stays.report(report({ node: 'stays' })), 0)
  assert.deepEqual(lostOf(await stays.nodes()), [])
  assert.deepEqual(await redis.hkeys(keys.processes), ['stays'])
  assert.deepEqual(await redis.hkeys(keys.places), ['stays/0'])
})

test('a process that reports again is not lost any more', async (t) => {
  const { process, pass } = await openRegistry(t)
  const hung = process('hung')
  await hung.report(report())
  await pass(60_000)
  assert.deepEqual(lostOf(await hung.nodes()), ['a/0'])
  await hung.report(report())
  const { nodes, lost } = await hung.nodes()
  assert.deepEqual([nodes.length, lost], [1, []])
})

test('a process that begins in the place of another replaces it at once, and what that one had is still told', async (t) => {
  const { process, pass } = await openRegistry(t)
  const [first, second, other] = [process('first'), process('second'), process('other')]
  await first.report(report({ followers: 130 }))
  await other.report(report({ worker: 1 }))
  assert.equal(await second.report(report({ followers: 0 })), 0)
  const standing = await second.nodes()
  assert.deepEqual(names(standing), ['a/0', 'a/1'])
  assert.deepEqual(lostOf(standing), ['a/0 back'])
  assert.equal(standing.lost[0]?.followers, 130)

  // Two that have one name by mistake: the one that was taken for lost is not.
  await first.report(report({ followers: 130 }))
  assert.deepEqual(names(await second.nodes()), ['a/0', 'a/0', 'a/1'])
  assert.deepEqual(lostOf(await second.nodes()), [])
  await pass(6_001)
  await second.report(report())
  // The other was there before, and does not stand in for it.
  assert.deepEqual(lostOf(await second.nodes()).sort(), ['a/0', 'a/1'])
})

test('no jump of the clock of Redis, and no pause in which nobody could report, makes a process lost', async (t) => {
  const { process, jump } = await openRegistry(t)
  const a = process('a')
  for (const ms of [3_600_000, -3_600_000]) {
    await a.report(report())
    await jump(ms)
    const { nodes, lost } = await a.nodes()
    assert.deepEqual([nodes.length, lost], [1, []])
    // Ahead: the figures are taken for old until the next report. Behind: they are not taken for new for an hour.
    if (ms > 0) assert.ok((nodes[0]?.ageMs ?? 0) >= ms)
  }
})

test('figures do not look new because the clock of Redis was put back', async (t) => {
  const { process, jump, pass } = await openRegistry(t)
  const [silent, reports] = [process('silent'), process('reports')]
  await silent.report(report({ node: 'silent' }))
  await jump(-3_600_000)
  await reports.report(report({ node: 'reports' }))
  await pass(6_001)
  await reports.report(report({ node: 'reports' }))
  assert.deepEqual(lostOf(await reports.nodes()), ['silent/0'])
})

test('a sudden drop of followers is told, to whoever asks, until they are back', async (t) => {
  const { process, pass } = await openRegistry(t)
  const [a, b, asks] = [process('a'), process('b'), process('asks')]
  const both = async (first: number, second: number) => {
    await pass(5_000)
    await a.report(report({ node: 'a', followers: first }))
    await b.report(report({ node: 'b', followers: second }))
  }
  await both(170, 130)
  await both(170, 130)
  assert.equal((await asks.nodes()).drop, null)
  await both(170, 0)
  await both(170, 0)
  const { drop } = OpsNodes.parse(await asks.nodes())
  assert.deepEqual([drop?.from, drop?.to], [300, 170])
  await both(170, 128)
  await both(170, 128)
  assert.equal((await asks.nodes()).drop, null)
})

test('what the registry keeps is bounded, and expires', async (t) => {
  const { process, pass, redis, keys } = await openRegistry(t)
  await Promise.all(Array.from({ length: 1_010 }, (_, i) => process(`p${i}`).report(report({ node: `n${i}` }))))
  for (const key of [keys.processes, keys.places, keys.channels]) assert.ok((await redis.hlen(key)) <= 1_000, key)
  assert.equal(await redis.zcard(keys.seen), 1_000)
  await pass(6_001)
  await process('p1009').report(report({ node: 'n1009' }))
  assert.equal((await process('p1009').nodes()).lost.length, 100)
  for (let i = 0; i < 210; i++) {
    await pass(5_000)
    await process('p1009').report(report({ node: 'n1009' }))
  }
  assert.equal(await redis.llen(keys.followers), 200)
  for (const key of Object.values(keys)) assert.ok((await redis.pttl(key)) > 0, key)
})
