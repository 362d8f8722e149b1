/** Lines that die without a word: what the feed says is true soon, and a false alarm costs nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import { io } from 'socket.io-client'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { startDeadline } from '../../src/client/deadline.ts'
import { allTransports } from '../../src/client/index.ts'
import { SocketWatch } from '../../src/client/socket-watch.ts'
import { Newsroom } from '../browser/newsroom.ts'
import { startServer } from '../helpers/server.ts'
import { History } from './history.ts'
import { openHostileProxy } from './hostile-proxy.ts'
import { startStandIn } from './stand-in.ts'
import { assertWhole, isLive, quick, watch } from './watched.ts'

for (const transport of allTransports) {
  test(`a feed by ${transport} whose line dies silently is not live, and is whole when it is back`, {
    timeout,
  }, async (t) => {
    const server = await startServer(t)
    const newsroom = new Newsroom(server, 'harbour')
    await newsroom.open()
    const proxy = await openHostileProxy(t, server.url)
    const stock = io(proxy.url, { transports: ['websocket'], reconnection: false })
    t.after(() => stock.close())
    await new Promise<void>((resolve) => stock.on('connect', resolve))
    const timing = { ...quick, quietMs: 100, answerTimeoutMs: 2_000, openTimeoutMs: 2_000, silenceMs: 2_000 }
    const watched = watch(t, proxy.url, 'harbour', { transports: [transport], timing })
    await watched.until('live', isLive)
    proxy.freeze()
    await newsroom.publishMany('Meanwhile', 3)
    await watched.until('away', (feed) => feed.state !== 'live')
    assert.equal(watched.feed.posts.length, 0)
    assert.ok(stock.connected, 'a client that only waits for pings takes its line for alive')
    proxy.thaw()
    await watched.until('live again', isLive)
    await newsroom.publish({ headline: 'And on' })
    // `watch` has checked that each batch began where the last thing told ended.
    await assertWhole(watched, server.url, 'harbour')
    assert.deepEqual(watched.resets, ['start'])
  })
}

test('a socket that is quiet but alive is kept', { timeout }, async (t) => {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  const proxy = await openHostileProxy(t, server.url)
  const timing = { ...quick, quietMs: 50 }
  const watched = watch(t, proxy.url, 'harbour', { transports: ['socket'], timing })
  await watched.until('live', isLive)
  // In this time it is asked for several signs of life.
  for (let i = 0; i < 30; i++) await newsroom.publish({ headline: 'And on' })
  await assertWhole(watched, server.url, 'harbour')
  assert.deepEqual(watched.states, ['catching-up', 'live'])
  assert.equal(proxy.asked.length, 1)
})

test('false alarms lose nothing and repeat nothing', { timeout }, async (t) => {
  const history = new History()
  history.do({ kind: 'publish' })
  // It answers `follow` alone, as a server of before would: each connection is taken for dead once it is quiet.
  const server = await startStandIn(t, ({ after }) => {
    const offset = Number(after?.split(':')[1] ?? 0)
    if (after === undefined) return { ok: true, snapshot: history.snapshot(30) }
    history.do({ kind: 'publish' })
    return { ok: true, batch: history.batch(offset, history.head) }
  })
  const timing = { ...quick, quietMs: 20, answerTimeoutMs: 500 }
  const watched = watch(t, server.url, 'harbour', { transports: ['socket'], timing })
  await watched.until('five posts, by as many connections', (feed) => feed.posts.length === 5)
  assert.deepEqual(watched.resets, ['start'])
  assert.deepEqual(
    watched.batches.map(({ from, to }) => [from, to]),
    [
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
    ],
  )
})

/** Keeps the process from doing anything for so long, as a busy page does. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

test('a deadline that was held up gives time to read what had come', { timeout }, async () => {
  const { port1: far, port2: near } = new MessageChannel()
  const told: string[] = []
  const done = Promise.withResolvers<void>()
  const tell = (what: string) => {
    told.push(what)
    done.resolve()
  }
  const stop = startDeadline(20, () => tell('too late'))
  near.on('message', () => {
    stop()
    tell('the answer')
  })
  // The event loop reads nothing more before the timer is due.
  setTimeout(() => {
    far.postMessage('in time')
    block(1_500)
  }, 1)
  await done.promise
  near.close()
  assert.deepEqual(told, ['the answer'])
})

test('a deadline that passes while nothing comes is told', { timeout }, async () => {
  await new Promise<void>((resolve) => startDeadline(1, resolve))
})

test('in a page that is hidden, a quiet socket is asked for nothing until the page is shown', {
  timeout,
}, async (t) => {
  const page = { visibilityState: 'hidden' }
  Object.assign(globalThis, { document: page })
  t.after(() => Reflect.deleteProperty(globalThis, 'document'))
  let asked = 0
  const shown = Promise.withResolvers<void>()
  const watch = new SocketWatch({
    timing: { quietMs: 2, answerTimeoutMs: quick.answerTimeoutMs },
    ask: () => {
      asked++
      shown.resolve()
    },
    dead: () => assert.fail('it was asked for nothing'),
  })
  t.after(() => watch.stop())
  // Timers end in the order in which they are due, so its own have ended before.
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  await turn()
  assert.equal(asked, 0)
  page.visibilityState = 'visible'
  await shown.promise
})
