import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Newsroom } from '../browser/newsroom.ts'
import { startServer } from '../helpers/server.ts'
import { type HostileProxy, openHostileProxy } from './hostile-proxy.ts'
import { refusedStorage, storageOf } from './kept.ts'
import { assertWhole, isLive, watch } from './watched.ts'

const large = { body: { text: 'Crews worked through the night along the northern quay. '.repeat(60) } }

/** Of each websocket that was asked for, whether it did without compression. */
function without(proxy: HostileProxy): boolean[] {
  const websockets = proxy.asked.filter((path) => path.includes('transport=websocket'))
  return websockets.map((path) => path.includes('compress=off'))
}

for (const name of ['socket', 'websocket'] as const) {
  test(`by ${name} alone, a feed that is cut off at its first compressed frame comes back without compression`, {
    timeout,
  }, async (t) => {
    const server = await startServer(t)
    const newsroom = new Newsroom(server, 'harbour')
    await newsroom.open()
    await newsroom.publish(large)
    const proxy = await openHostileProxy(t, server.url)
    proxy.treat(() => 'cut-compressed')
    const watched = watch(t, proxy.url, 'harbour', { transports: [name] })
    await watched.until('live', isLive)
    assert.equal(watched.feed.transport, 'socket')
    for (let i = 0; i < 3; i++) await newsroom.publish(large)
    await assertWhole(watched, server.url, 'harbour')
    // One loss, and no more of them however many large posts come.
    assert.deepEqual(without(proxy), [false, true])
    assert.deepEqual([watched.resets, watched.problems], [['start'], ['unreachable']])
  })
}

test('a later load begins without compression, and what is written down by others is not believed', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  const proxy = await openHostileProxy(t, server.url)
  proxy.treat(() => 'cut-compressed')
  const entries = new Map<string, string>()
  const first = watch(t, proxy.url, 'harbour', { transports: ['socket'], storage: storageOf(entries) })
  await first.until('live', isLive)
  // Nothing large has come so far: it is a post that cuts the feed off.
  await newsroom.publish(large)
  await assertWhole(first, server.url, 'harbour')
  assert.deepEqual(without(proxy), [false, true])
  first.feed.close()

  const second = watch(t, proxy.url, 'harbour', { transports: ['socket'], storage: storageOf(entries) })
  await second.until('live', isLive)
  assert.deepEqual(without(proxy), [false, true, true])
  assert.deepEqual(second.problems, [])
  second.feed.close()

  const [[key = '', value = ''] = []] = entries
  const past = value.replace(/^\d+/, '1000')
  const future = value.replace(/^\d+/, '99999999999999')
  for (const wrong of ['', 'off', past, future, `${value}\u0000`]) {
    entries.set(key, wrong)
    const asked = without(proxy).length
    const later = watch(t, proxy.url, 'harbour', { transports: ['socket'], storage: storageOf(entries) })
    await later.until('live', isLive)
    assert.deepEqual(without(proxy).slice(asked), [false, true], JSON.stringify(wrong))
    later.feed.close()
  }
})

test('a page that may keep nothing remembers it for as long as it is open', { timeout }, async (t) => {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  await newsroom.publish(large)
  const proxy = await openHostileProxy(t, server.url)
  proxy.treat(() => 'cut-compressed')
  for (const storage of [refusedStorage(), null]) {
    const asked = without(proxy).length
    for (let i = 0; i < 2; i++) {
      const watched = watch(t, proxy.url, 'harbour', { transports: ['socket'], storage })
      await watched.until('live', isLive)
      watched.feed.close()
    }
    assert.deepEqual(without(proxy).slice(asked), [false, true, true])
  }
})

test('a connection that is lost for another reason does not turn compression off', { timeout }, async (t) => {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  const proxy = await openHostileProxy(t, server.url)
  const entries = new Map<string, string>()
  const watched = watch(t, proxy.url, 'harbour', { transports: ['socket'], storage: storageOf(entries) })
  const lose = async () => {
    await watched.until('live', isLive)
    const before = without(proxy).length
    proxy.cut('/socket.io/')
    await watched.until('another connection', (feed) => isLive(feed) && without(proxy).length === before + 1)
  }
  // Before anything compressed has come, compression is suspected, and cleared by what comes next.
  await lose()
  await lose()
  assert.deepEqual(without(proxy), [false, true, false])
  await newsroom.publish(large)
  await assertWhole(watched, server.url, 'harbour')
  await lose()
  assert.deepEqual(without(proxy), [false, true, false, false])
  assert.deepEqual([...entries], [])
})
