import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import { createServer } from 'node:net'
import test from 'node:test'
import { Redis } from 'ioredis'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { opsKeys } from '../../src/log/keys.ts'
import type { Steer } from '../../src/wire/events.ts'
import { OpsNodes } from '../../src/wire/ops.ts'
import { startRedis } from '../deploy/cluster.ts'
import { freePort } from '../faults/free-port.ts'
import { until } from '../faults/until.ts'
import { followFresh } from '../helpers/followers.ts'
import { Newsroom, publishDuring } from '../helpers/newsroom.ts'
import { folderOfProcess } from '../helpers/nodes.ts'
import type { TransportName } from '../helpers/transports.ts'
import { followOnBoth } from './follow-on-both.ts'
import { ask, NodeProcess, nodeName, workerOf } from './node.ts'

const transports: readonly TransportName[] = [
  'stock socket',
  'long polling only',
  'websocket only',
  'event stream',
  'library by socket',
  'library by polling',
]

test('a worker that is killed is started again; its followers come back by their cursors and lack nothing', {
  timeout,
}, async (t) => {
  const node = await NodeProcess.start(t)
  const newsroom = await new Newsroom(node).open()
  const names = [...transports, ...transports, ...transports]
  const followers = await Promise.all(names.map((name) => followFresh(t, node, newsroom.channel, name)))
  assert.equal(await node.metric('wirecopy_workers_restarted_total'), 0)
  const before = node.saidSoFar
  const victim = workerOf(followers[0]?.socket.io.engine.id)
  await publishDuring([newsroom], async () => {
    node.kill(Number(victim))
    await node.said(({ msg, worker }) => msg === 'a worker listens' && String(worker) === victim, before)
  }).catch((error: unknown) => {
    // A publish that was under way at the killed worker is answered by nobody, and may have been made.
    assert.match(String(error), /fetch failed/)
  })
  await newsroom.publish({ headline: 'After it' })
  await Promise.all(followers.map((follower) => follower.assertWhole(newsroom)))
  for (const { beginnings } of followers) {
    assert.ok(
      beginnings.slice(1).every((how) => how === 'batch'),
      beginnings.join(),
    )
  }
  assert.ok((followers[0]?.beginnings.length ?? 0) > 1, 'it lost its connection')
  await node.said(({ msg, worker }) => msg === 'a worker listens' && String(worker) === victim, before)
  await node.comesTo('wirecopy_workers', 2)
  await node.comesTo('wirecopy_workers_restarted_total', 1)
})

test('told to stop, all workers send their followers away at the same time, and the node ends with 0', {
  timeout,
}, async (t) => {
  const folder = await folderOfProcess()
  const PORT = String(await freePort())
  const node = await NodeProcess.start(t, { DATA_DIR: folder, PORT })
  const newsroom = await new Newsroom(node).open()
  await newsroom.publish({ headline: 'Kept' })
  const names = ['websocket only', 'long polling only', 'stock socket'] as const
  const many = Array.from({ length: 8 }, () => names).flat()
  const followers = await followOnBoth(t, node.url, newsroom.channel, many)
  const told = followers.map(async ({ socket }) => {
    const [[steer], [reason]] = await Promise.all([
      once(socket as unknown as EventEmitter, 'steer'),
      once(socket as unknown as EventEmitter, 'disconnect'),
    ])
    // Else it would come back, and to whom it comes no longer listens.
    socket.io.engine.close()
    // From this alone a stock client does not come back.
    assert.notEqual(reason, 'io server disconnect')
    return steer as Steer
  })
  node.process.kill('SIGTERM')
  for (const { action } of await Promise.all(told)) assert.equal(action, 'reconnect')
  assert.deepEqual(await node.exit, [0, null])
  await node.end

  const again = await NodeProcess.start(t, { DATA_DIR: folder, PORT })
  const snapshot = await newsroom.on(again).snapshot()
  assert.equal(snapshot.posts.length, 1)
  again.process.kill('SIGINT')
  assert.deepEqual(await again.exit, [0, null])
})

test('a second signal ends the node and its workers at once', { timeout }, async (t) => {
  const node = await NodeProcess.start(t, { DRAIN_NOTICE_MS: '30000' })
  const newsroom = await new Newsroom(node).open()
  await followFresh(t, node, newsroom.channel, 'websocket only')
  // One that hears nothing is no exception.
  node.kill(1, 'SIGSTOP')
  node.process.kill('SIGTERM')
  await node.said(({ msg }) => msg.startsWith('stopping'))
  node.process.kill('SIGTERM')
  assert.deepEqual(await node.exit, [1, null])
  await node.end
})

test('when the primary is killed its workers end, and the next start has port, data and Redis', {
  timeout,
}, async (t) => {
  const folder = await folderOfProcess()
  const PORT = String(await freePort())
  const node = await NodeProcess.start(t, { DATA_DIR: folder, PORT })
  const newsroom = await new Newsroom(node).open()
  await newsroom.publish({ headline: 'Kept' })
  await node.kill9()
  const again = await NodeProcess.start(t, { DATA_DIR: folder, PORT })
  assert.equal((await newsroom.on(again).snapshot()).posts.length, 1)
  await again.kill9()
})

test('the figures of the workers add up, and one that hangs is left out', { timeout }, async (t) => {
  const node = await NodeProcess.start(t)
  const newsroom = await new Newsroom(node).open()
  const names = ['websocket only', 'long polling only', 'event stream'] as const
  const all = Array.from({ length: 8 }, () => names).flat()
  await Promise.all(all.map((name) => followFresh(t, node, newsroom.channel, name)))
  // A worker that is slow to answer is left out as one that hangs is.
  await node.comesTo('wirecopy_connections', all.length)
  await node.comesTo('wirecopy_followers', all.length)
  await node.comesTo('wirecopy_ready', 1)
  await node.comesTo('wirecopy_workers', 2)
  await until('the probes of both are told', async () => (await node.metric('wirecopy_probe_seconds')) < 3)
  const nodes = await until('the reports of both have all followers', async () => {
    const answer = await newsroom.send('GET', '/v1/ops/nodes')
    const reported = OpsNodes.parse(answer.json)
    return reported.total.followers === all.length && reported.nodes
  })
  assert.deepEqual(
    nodes.map(({ worker }) => worker),
    [0, 1],
  )
  assert.ok(nodes.every(({ connections }) => connections.websocket + connections.polling + connections.sse > 0))

  node.kill(1, 'SIGSTOP')
  await node.comesTo('wirecopy_workers', 1)
  node.kill(1, 'SIGCONT')
  await node.comesTo('wirecopy_workers', 2)
})

test('with a port of their own, the metrics of all workers are there, whichever answers', { timeout }, async (t) => {
  const port = await freePort()
  const node = await NodeProcess.start(t, { METRICS_PORT: String(port) })
  for (let asked = 0; asked < 10; asked++) {
    await until('the metrics are those of both workers', async () => {
      const { body } = await ask(`http://127.0.0.1:${port}`, '/metrics')
      return body.includes('\nwirecopy_workers 2\n')
    })
  }
  assert.equal((await ask(node.url, '/metrics')).status, 404)
  const taken = await NodeProcess.failToStart(t, { METRICS_PORT: String(port) })
  assert.equal(taken.code, 1)
  assert.match(taken.said, /EADDRINUSE/)
})

test('the node is not ready while one of its workers is not, whichever answers', { timeout }, async (t) => {
  const redisUrl = await startRedis(t)
  const node = await NodeProcess.start(t, { REDIS_URL: redisUrl })
  const ready = async () => {
    const asked = Array.from({ length: 16 }, () => ask(node.url, '/health/ready'))
    // A connection to a worker that is killed ends with it.
    const answers = (await Promise.allSettled(asked)).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    return [...new Set(answers.map(({ status }) => status))].join()
  }
  const comesTo = (status: string) => until(`all answer ${status}`, async () => (await ready()) === status)
  await comesTo('200')
  const redis = new Redis({ path: new URL(redisUrl).pathname })
  t.after(() => redis.disconnect())
  const probe = await until('the second worker has reported, and has a probe', async () => {
    const ids = await redis.hkeys(opsKeys('wirecopy').processes)
    const id = ids.find((one) => one.startsWith(`${nodeName}-1-`))
    const [key] = id === undefined ? [] : await redis.keys(`*:probe:${id}:log`)
    return key
  })
  // What is no stream takes no probe.
  await redis.set(probe, 'broken')
  await comesTo('503')
  await node.comesTo('wirecopy_ready', 0)
  await redis.del(probe)
  await comesTo('200')

  // One that is gone has no followers here.
  await redis.set(probe, 'broken')
  await comesTo('503')
  redis.disconnect()
  const before = node.saidSoFar
  node.kill(1)
  await comesTo('200')
  await node.said(({ msg }) => msg === 'a worker listens', before)
})

test('what keeps a worker from its start stops the start of the node, with one clear line', { timeout }, async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await once(taken, 'listening')
  const address = taken.address()
  assert.ok(address !== null && typeof address === 'object')
  const port = String(address.port)
  const other = await NodeProcess.start(t)
  for (const [env, says] of [
    [{ REDIS_URL: 'redis://:secret@127.0.0.1:1' }, /Redis at redis:\/\/:\*\*\*@127\.0\.0\.1:1 can not be used: /],
    [{ PORT: port }, /EADDRINUSE/],
    // Though both would share it.
    [{ PORT: new URL(other.url).port }, /EADDRINUSE/],
    [{ WORKERS: '65' }, /WORKERS: must be auto, or a number from 1 to 64/],
    [{ WORKERS: 'many' }, /WORKERS: must be auto, or a number from 1 to 64/],
  ] as const) {
    const { code, said } = await NodeProcess.failToStart(t, env)
    assert.equal(code, 1)
    assert.match(said, /^Wirecopy can not start\. .*\n$/)
    assert.match(said, says)
    assert.doesNotMatch(said, /secret/)
  }
})
