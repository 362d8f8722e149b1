import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { io } from 'socket.io-client'
import WebSocket from 'ws'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Newsroom } from '../helpers/newsroom.ts'
import type { TransportName } from '../helpers/transports.ts'
import { followAll, followOnBoth, roundsMax, upgrade } from './follow-on-both.ts'
import { ask, NodeProcess, nodeName, oneConnection, pollingPath, sessionOnEach, workerOf } from './node.ts'
import { startProxy } from './proxy.ts'

async function publishTen(newsroom: Newsroom): Promise<void> {
  for (let number = 1; number <= 10; number++) await newsroom.publish({ headline: `Report ${number}` })
}

const many = (count: number, name: TransportName) => Array.from({ length: count }, () => name)

test('stock clients, polling-only clients and all others follow a node of two workers, and both have followers', {
  timeout,
}, async (t) => {
  const node = await NodeProcess.start(t)
  const newsroom = await new Newsroom(node).open()
  const sockets = [...many(16, 'stock socket'), ...many(8, 'long polling only'), ...many(6, 'websocket only')]
  const others = (['event stream', 'poller', 'library by socket', 'library by event stream', 'curl'] as const).slice()
  const bySocket = await followOnBoth(t, node.url, newsroom.channel, sockets)
  const followers = [...bySocket, ...(await followAll(t, node.url, newsroom.channel, others))]
  await publishTen(newsroom)
  // A follower that is told twice, out of order or with a gap fails.
  await Promise.all(followers.map((follower) => follower.assertWhole(newsroom)))
  for (const { beginnings } of bySocket) assert.deepEqual(beginnings, ['snapshot'])
})

test('no connection is lost on the way from worker to worker, many at a time', { timeout }, async (t) => {
  const node = await NodeProcess.start(t)
  for (let round = 0; round < 4; round++) {
    const sockets = Array.from({ length: 50 }, () => io(node.url, { forceNew: true, reconnection: false }))
    t.after(() => sockets.forEach((socket) => void socket.close()))
    // One that is not answered, or whose first words are not heard, waits for ever.
    await Promise.all(sockets.map((socket) => upgrade(socket.io.engine)))
    for (const socket of sockets) socket.close()
  }
})

test('the same through a proxy that mixes clients on the connections that it keeps', { timeout }, async (t) => {
  const node = await NodeProcess.start(t)
  const newsroom = await new Newsroom(node).open()
  const { url, carried } = await startProxy(t, node.url)
  const names = [...many(10, 'stock socket'), ...many(10, 'long polling only')]
  const followers = await followOnBoth(t, url, newsroom.channel, names)
  const isMixed = () => [...carried.values()].some((ids) => new Set([...ids].map(workerOf)).size === 2)
  // Which connection a poll goes by is left to chance: rarely, the first polls are not mixed.
  for (let round = 0; round === 0 || (round < roundsMax && !isMixed()); round++) await publishTen(newsroom)
  await Promise.all(followers.map((follower) => follower.assertWhole(newsroom)))
  for (const { beginnings } of followers) assert.deepEqual(beginnings, ['snapshot'])
  assert.ok(isMixed(), 'some connection carried requests for both workers')
})

test('on one kept connection the requests of each session reach the worker that has it', { timeout }, async (t) => {
  const node = await NodeProcess.start(t)
  const ids = await sessionOnEach(node.url)
  const agent = oneConnection(t)
  const body = '40'
  for (const id of ids) {
    const joined = await ask(node.url, `${pollingPath}&sid=${id}`, { method: 'POST', body, agent })
    assert.deepEqual(joined, { status: 200, body: 'ok' })
    const polled = await ask(node.url, `${pollingPath}&sid=${id}`, { agent })
    assert.match(polled.body, /^40\{"sid":/)
  }
})

test('a session that no worker knows is answered as Engine.IO answers it, by poll and by upgrade', {
  timeout,
}, async (t) => {
  const node = await NodeProcess.start(t)
  for (const id of ['0-gone', '1-gone', '2-never', '99999-never', 'gone', '-'].map((rest) => `${nodeName}.${rest}`)) {
    const answers = await Promise.all([1, 2].map(() => ask(node.url, `${pollingPath}&sid=${id}`)))
    for (const { status, body } of answers) assert.deepEqual([status, JSON.parse(body).code], [400, 1], id)
    for (let i = 0; i < 2; i++) {
      const websocket = new WebSocket(
        `${node.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&sid=${id}`,
      )
      websocket.on('error', () => undefined)
      const [, response] = await once(websocket, 'unexpected-response')
      assert.equal(response.statusCode, 400, id)
    }
  }
})
