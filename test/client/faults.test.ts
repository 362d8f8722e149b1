import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { follow } from '../../src/client/index.ts'
import { parseCursor } from '../../src/wire/cursor.ts'
import type { FollowAnswer, FollowRequest } from '../../src/wire/events.ts'
import { History } from './history.ts'
import { type Followed, startStandIn } from './stand-in.ts'
import { isLive, quick, watch } from './watched.ts'

function grown(posts: number): History {
  const history = new History()
  for (let i = 0; i < posts; i++) history.do({ kind: 'publish' })
  return history
}

/** What a right server answers. */
function rightly(history: History, { after }: FollowRequest): FollowAnswer {
  const position = after === undefined ? null : parseCursor(after)
  if (position === null) return { ok: true, snapshot: history.snapshot(30) }
  return { ok: true, batch: history.batch(position.offset, history.head) }
}

test('a gap is seen, asked about by cursor, and closed', { timeout }, async (t) => {
  const history = grown(3)
  const server = await startStandIn(t, (request) => rightly(history, request))
  const watched = watch(t, server.url, 'harbour', { transports: ['socket'] })
  await watched.until('live', isLive)
  for (let i = 0; i < 2; i++) history.do({ kind: 'publish' })
  server.sockets[0]?.emit('batch', history.batch(4, 5))
  await watched.until('the missing post', (feed) => feed.posts.length === 5)
  await watched.until('live', isLive)
  assert.deepEqual(watched.states, ['catching-up', 'live', 'behind', 'live'])
  assert.deepEqual(
    server.asked.map(({ after }) => after),
    [undefined, 'e1:3'],
  )
  assert.equal(server.sockets.length, 1)
})

test('a server that keeps leaving gaps, or answers with one, is left for a while', { timeout }, async (t) => {
  const history = grown(5)
  const server = await startStandIn(t, ({ after }) =>
    after === undefined ? { ok: true, snapshot: history.snapshot(30, 1) } : { ok: true, batch: history.batch(3, 5) },
  )
  const watched = watch(t, server.url, 'harbour', { transports: ['socket'] })
  await watched.until('live', isLive)
  server.sockets[0]?.emit('batch', history.batch(4, 5))
  await watched.until('offline', (feed) => feed.state === 'offline')
  assert.equal(watched.feed.posts.length, 1)
  assert.equal(watched.feed.cursor, 'e1:1')
})

test('batches of other channels, repeated ones and ones of another log change nothing', { timeout }, async (t) => {
  const history = grown(3)
  const server = await startStandIn(t, (request) => rightly(history, request))
  const watched = watch(t, server.url, 'harbour', { transports: ['socket'] })
  await watched.until('live', isLive)
  const [socket] = server.sockets
  socket?.emit('batch', { ...history.batch(0, 3), channel: 'elsewhere' as never })
  socket?.emit('batch', history.batch(1, 3))
  socket?.emit('batch', { ...history.batch(3, 3), epoch: 'other' as never })
  history.do({ kind: 'publish' })
  socket?.emit('batch', history.batch(2, 4))
  await watched.until('the post', (feed) => feed.posts.length === 4)
  assert.deepEqual(
    watched.batches.map(({ from, to, changes }) => [from, to, changes.length]),
    [[3, 4, 1]],
  )
})

test('told to reconnect, a feed opens the new connection before it leaves the old one', { timeout }, async (t) => {
  const history = grown(2)
  let openAtSecond = 0
  const server = await startStandIn(t, (request, socket) => {
    if (server.sockets.indexOf(socket) === 1) openAtSecond = server.open()
    return rightly(history, request)
  })
  const watched = watch(t, server.url, 'harbour', { transports: ['socket'] })
  await watched.until('live', isLive)
  const [first] = server.sockets
  assert.ok(first !== undefined)
  const left = once(first, 'disconnect')
  first.emit('steer', { action: 'reconnect', afterMs: 1, spreadMs: 1 })
  await left
  assert.equal(openAtSecond, 2)
  assert.deepEqual(
    server.asked.map(({ after }) => after),
    [undefined, 'e1:2'],
  )
  assert.equal(watched.feed.state, 'live')
  assert.deepEqual(watched.states, ['catching-up', 'live'])
})

test('an answer that does not come in time is a failed try', { timeout }, async (t) => {
  const history = grown(1)
  const silent = new Set<Followed>()
  const server = await startStandIn(t, (request, socket) => {
    if (silent.size === 0 || silent.has(socket)) {
      silent.add(socket)
      return null
    }
    return rightly(history, request)
  })
  // On a busy machine the second answer may be late as well.
  const timing = { ...quick, answerTimeoutMs: 50 }
  const watched = watch(t, server.url, 'harbour', { transports: ['socket'], timing })
  await watched.until('live', isLive)
  assert.deepEqual(watched.problems, ['unreachable'])
  assert.ok(server.sockets.length >= 2)
})

test('what is no answer at all is a failed try, not an error of the page', { timeout }, async (t) => {
  const history = grown(1)
  const server = await startStandIn(t, (request) =>
    server.asked.length === 1 ? ({ ok: true, snapshot: { cursor: 'nonsense' } } as never) : rightly(history, request),
  )
  const watched = watch(t, server.url, 'harbour', { transports: ['socket'] })
  await watched.until('live', isLive)
  assert.deepEqual(watched.problems, ['unreachable'])
})

test('a failure is told once, until the feed has been live for a while', { timeout }, async (t) => {
  const history = grown(1)
  const busy = { type: 'urn:x', title: 'Busy', status: 503, detail: 'Come back.', code: 'overloaded', retryAfterMs: 5 }
  let refusals = 3
  const server = await startStandIn(t, (request) => {
    refusals--
    return refusals >= 0 ? { ok: false, error: busy } : rightly(history, request)
  })
  const watched = watch(t, server.url, 'harbour', { transports: ['socket'] })
  await watched.until('live', isLive)
  assert.deepEqual(watched.problems, ['overloaded'])
})

test('what a listener throws is reported, and stops neither the feed nor the process', { timeout }, async (t) => {
  const history = grown(1)
  const fault = new Error('a fault of the page')
  const report = t.mock.method(console, 'error', () => {})
  const server = await startStandIn(t, (request) => rightly(history, request))
  const live = Promise.withResolvers<void>()
  const batches = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let told = 0
  const feed = follow(server.url, 'harbour', {
    transports: ['socket'],
    onSnapshot: () => {
      throw fault
    },
    onState: (state) => {
      if (state === 'live') live.resolve()
      throw fault
    },
    onBatch: () => {
      batches[told++]?.resolve()
      throw fault
    },
  })
  t.after(() => feed.close())
  await live.promise
  for (const batch of batches) {
    history.do({ kind: 'publish' })
    server.sockets[0]?.emit('batch', history.batch(history.head - 1, history.head))
    await batch.promise
  }
  assert.deepEqual([feed.posts.length, feed.state], [3, 'live'])
  // A snapshot, two states and two batches.
  const reported = report.mock.calls.map(({ arguments: [error] }): unknown => error)
  assert.deepEqual(reported, [fault, fault, fault, fault, fault])
})
