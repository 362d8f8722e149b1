/** Many readers behind one address: what the server refuses them makes their posts late, and is no loss of the connection. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Pace } from '../../src/client/pace.ts'
import { Newsroom } from '../browser/newsroom.ts'
import { until } from '../faults/until.ts'
import { startServer } from '../helpers/server.ts'
import { History } from './history.ts'
import { isLive, snapshotOf, watch } from './watched.ts'

test('a poller that is refused for asking too often stays live, waits as it is told, and says so', {
  timeout,
}, async (t) => {
  const history = new History()
  history.do({ kind: 'publish' })
  let refusals = 0
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url === '/v1/channels/harbour') return response.end(JSON.stringify(history.snapshot(30)))
    if (refusals > 0) {
      refusals--
      return response.writeHead(429, { 'retry-after': '1' }).end()
    }
    const from = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('after')?.split(':')[1])
    return response.end(JSON.stringify(history.batch(from, history.head)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const watched = watch(t, `http://127.0.0.1:${port}`, 'harbour', { transports: ['poll'] })
  await watched.until('live', isLive)
  refusals = 3
  await watched.until('slowed', (feed) => feed.slowed)
  history.do({ kind: 'publish' })
  await watched.until('the post', (feed) => feed.posts.length === 2)
  await watched.until('its usual pace', (feed) => !feed.slowed)
  assert.deepEqual(watched.slowed, [true, false])
  assert.deepEqual(watched.states, ['catching-up', 'live'])
  assert.deepEqual(watched.problems, [])
})

test('a feed that is refused its first poll is not offline either', { timeout }, async (t) => {
  let refused = 0
  const history = new History()
  history.do({ kind: 'publish' })
  const server = createServer((_, response) => {
    refused++
    if (refused <= 4) return response.writeHead(429, { 'retry-after': '1' }).end()
    return response.setHeader('content-type', 'application/json').end(JSON.stringify(history.snapshot(30)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const watched = watch(t, `http://127.0.0.1:${port}`, 'harbour', { transports: ['poll'] })
  await watched.until('live', isLive)
  assert.deepEqual(watched.states, ['catching-up', 'live'])
})

test('a feed that is refused a stream polls at once, and has its stream when there is room', { timeout }, async (t) => {
  const server = await startServer(t, { RATE_LIMIT: 'on', CONNECTIONS_PER_ADDRESS_MAX: '1' })
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  const holding = new AbortController()
  const held = await fetch(`${server.url}/v1/channels/harbour/stream`, { signal: holding.signal })
  assert.equal(held.status, 200)
  const watched = watch(t, server.url, 'harbour', { transports: ['sse'] })
  await watched.until('polling', (feed) => isLive(feed) && feed.transport === 'poll')
  await newsroom.publish({ headline: 'By polling' })
  await watched.until('the post', (feed) => feed.posts.length === 1)
  holding.abort()
  // That the line streams again is no news of the feed.
  await until('the stream', () => watched.feed.transport === 'sse')
  await newsroom.publish({ headline: 'By stream' })
  await watched.until('the post', (feed) => feed.posts.length === 2)
  assert.deepEqual(watched.states, ['catching-up', 'live'])
})

test('of many readers behind one address none is told that it is offline, whatever the server refuses', {
  timeout,
}, async (t) => {
  const readers = 30
  const server = await startServer(t, {
    RATE_LIMIT: 'on',
    CONNECTIONS_PER_ADDRESS_MAX: '5',
    READS_PER_MINUTE: String(readers * 4),
  })
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  const snapshot = await snapshotOf(server.url, 'harbour')
  const all = Array.from({ length: readers }, () => watch(t, server.url, 'harbour', { snapshot }))
  // Five have a connection. The others poll at the pace of tests, so that the server soon has had enough of it.
  await Promise.all(all.map((one) => one.until('live, or slowed', (feed) => isLive(feed) || feed.slowed)))
  const polling = all.filter(({ feed }) => feed.transport === 'poll')
  await Promise.all(polling.map((one) => until('slowed', () => one.slowed.length > 0 || one.feed.transport !== 'poll')))
  assert.deepEqual(
    all.filter(({ states }) => states.includes('offline')),
    [],
  )
})

test('the pace of a poller that is refused doubles its waits, within bounds, and comes back by and by', () => {
  const pace = new Pace()
  const waits = () => pace.waitMs(2_000, 300_000)
  assert.equal(waits(), 2_000)
  pace.refused()
  assert.equal(waits(), 4_000)
  for (let i = 0; i < 20; i++) pace.refused()
  assert.equal(waits(), 32_000)
  assert.equal(pace.waitMs(30_000, 60_000), 60_000)
  assert.equal(pace.waitMs(90_000, 60_000), 90_000)
  let answers = 0
  while (pace.slowed) {
    pace.answered()
    answers++
    assert.ok(answers < 1_000)
  }
  assert.equal(waits(), 2_000)
})
