import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { allTransports, type Feed, type Transport } from '../../src/client/index.ts'
import { Newsroom } from '../browser/newsroom.ts'
import { until } from '../faults/until.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { type HostileProxy, openHostileProxy, type Treatment } from './hostile-proxy.ts'
import { refusedStorage, storageOf } from './kept.ts'
import { assertWhole, isLive, quick, watch } from './watched.ts'

const sockets = '/socket.io/'
const streams = '/v1/channels/harbour/stream'

/** The next transport is tried soon, and none takes the place of a worse one. */
const timing = { ...quick, besideMs: 20, besideNextMs: 20, climbMs: 600_000, climbCapMs: 600_000 } as const

/** With these, what is tried beside the websocket has all the time that it needs, on a busy machine as well. */
const twoTransports = ['socket', 'sse'] as const

interface Scene {
  readonly server: TestServer
  readonly newsroom: Newsroom
  readonly proxy: HostileProxy
}

async function scene(t: TestContext): Promise<Scene> {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  await newsroom.publish({ headline: 'The first' })
  return { server, newsroom, proxy: await openHostileProxy(t, server.url) }
}

/** Treatments by transport; what is not named passes. */
type Ways = { readonly [T in Transport]?: Treatment }

function treating(ways: Ways): (path: string) => Treatment {
  return (path) => {
    if (path.startsWith(sockets)) return ways.socket ?? 'pass'
    return (path.startsWith(streams) ? ways.sse : ways.poll) ?? 'pass'
  }
}

function liveBy(transport: Transport): (feed: Feed) => boolean {
  return (feed) => isLive(feed) && feed.transport === transport
}

const cases: [what: string, ways: Ways, wins: Transport][] = [
  ['a websocket that hangs', { socket: 'hang' }, 'sse'],
  ['a websocket that opens and brings nothing', { socket: 'swallow' }, 'sse'],
  ['a websocket that hangs and a stream that is held back', { socket: 'hang', sse: 'swallow' }, 'poll'],
  ['a websocket and a stream that both hang', { socket: 'hang', sse: 'hang' }, 'poll'],
  ['a websocket that hangs and a stream that is refused', { socket: 'hang', sse: 'refuse' }, 'poll'],
]
for (const [what, ways, wins] of cases) {
  test(`${what} does not keep a feed from the next transport`, { timeout }, async (t) => {
    const { server, newsroom, proxy } = await scene(t)
    proxy.treat(treating(ways))
    const transports = wins === 'sse' ? twoTransports : allTransports
    const watched = watch(t, proxy.url, 'harbour', { timing, transports })
    await watched.until(`live by ${wins}`, liveBy(wins))
    // What lost is let go of.
    await proxy.closed(sockets)
    if (wins === 'poll') await proxy.closed(streams)
    await newsroom.publishMany('More', 5)
    await assertWhole(watched, server.url, 'harbour')
    assert.deepEqual([watched.resets, watched.problems], [['start'], []])
    assert.equal(proxy.asked.filter((path) => path.startsWith(sockets)).length, 1)
  })
}

for (const how of ['refuse', 'bad-gateway'] as const) {
  test(`a websocket that meets "${how}" leads to the next transport at once`, { timeout }, async (t) => {
    const { server, newsroom, proxy } = await scene(t)
    proxy.treat(treating({ socket: how }))
    const watched = watch(t, proxy.url, 'harbour', { transports: twoTransports })
    await watched.until('live by the stream', liveBy('sse'))
    await newsroom.publishMany('More', 5)
    await assertWhole(watched, server.url, 'harbour')
    assert.equal(watched.states.includes('offline'), false)
  })
}

test('the first transport wins if it is the first to answer, however late, and the other one is closed', {
  timeout,
}, async (t) => {
  const { server, newsroom, proxy } = await scene(t)
  proxy.treat(treating({ socket: 'hang', sse: 'hang', poll: 'hang' }))
  const watched = watch(t, proxy.url, 'harbour', { timing })
  // The stream has had its time, and polling is tried in its place.
  await proxy.askedFor(/^\/v1\/channels\/harbour$/)
  await proxy.closed(streams)
  proxy.release(sockets)
  await watched.until('live by the socket', liveBy('socket'))
  await proxy.closed('/v1/')
  await newsroom.publishMany('More', 5)
  await assertWhole(watched, server.url, 'harbour')
  assert.deepEqual([watched.resets, watched.problems], [['start'], []])
})

test('transports that race each other bring each post once, whichever wins', { timeout }, async (t) => {
  const { server, newsroom, proxy } = await scene(t)
  const racing = { ...timing, besideMs: 0, settleMs: 20, climbMs: 20, climbCapMs: 20 }
  const watched = watch(t, proxy.url, 'harbour', { timing: racing, transports: twoTransports })
  const publishing = new AbortController()
  const published = (async () => {
    while (!publishing.signal.aborted) await newsroom.publish({ headline: 'And on' })
  })()
  for (let round = 0; round < 12; round++) {
    await watched.until('live', isLive)
    proxy.cut('/')
    await watched.until('away', (feed) => feed.state !== 'live')
  }
  publishing.abort()
  await published
  // `watch` has checked that each batch began where the last thing told ended.
  await assertWhole(watched, server.url, 'harbour')
  assert.deepEqual(watched.resets, ['start'])
})

test('a channel that is not there is told, though the websocket hangs', { timeout }, async (t) => {
  const { proxy } = await scene(t)
  proxy.treat(treating({ socket: 'hang' }))
  const watched = watch(t, proxy.url, 'nowhere', { timing })
  await watched.until('closed', (feed) => feed.state === 'closed')
  assert.deepEqual(watched.problems, ['unknown-channel'])
  await proxy.closed('/')
})

test('a later load begins with what worked, and forgets it when a better one works again', { timeout }, async (t) => {
  const { proxy } = await scene(t)
  const entries = new Map<string, string>()
  proxy.treat(treating({ socket: 'hang' }))
  const first = watch(t, proxy.url, 'harbour', { timing, transports: twoTransports, storage: storageOf(entries) })
  await first.until('live by the stream', liveBy('sse'))
  first.feed.close()
  await proxy.closed('/')

  const asked = proxy.asked.length
  const second = watch(t, proxy.url, 'harbour', { timing, transports: twoTransports, storage: storageOf(entries) })
  await second.until('live by the stream', liveBy('sse'))
  assert.ok(proxy.asked[asked]?.startsWith(streams))
  second.feed.close()
  await proxy.closed('/')

  proxy.treat(treating({}))
  const climbing = { ...timing, climbMs: 20, climbCapMs: 20 }
  const third = watch(t, proxy.url, 'harbour', {
    timing: climbing,
    transports: twoTransports,
    storage: storageOf(entries),
  })
  // A better line takes the place of a worse one without a word: the feed is live all the while.
  await until('live by the socket', () => liveBy('socket')(third.feed))
  await until('it is forgotten', () => entries.size === 0)
  third.feed.close()
})

for (const [what, ways] of [
  ['hangs', { poll: 'hang' }],
  ['is refused', { poll: 'refuse' }],
] as const) {
  test(`what is remembered and ${what} by now costs one more try, and is forgotten`, { timeout }, async (t) => {
    const { server, proxy } = await scene(t)
    const entries = new Map<string, string>()
    const transports = ['socket', 'poll'] as const
    proxy.treat(treating({ socket: 'refuse' }))
    const first = watch(t, proxy.url, 'harbour', { timing, transports, storage: storageOf(entries) })
    await first.until('live by polling', liveBy('poll'))
    first.feed.close()
    assert.equal(entries.size, 1)

    proxy.treat(treating(ways))
    const second = watch(t, proxy.url, 'harbour', { timing, transports, storage: storageOf(entries) })
    await second.until('live by the socket', liveBy('socket'))
    assert.equal(second.states.includes('offline'), false)
    await until('it is forgotten', () => entries.size === 0)
    await assertWhole(second, server.url, 'harbour')
  })
}

test('a memory that makes no sense, or may not be read, is none', { timeout }, async (t) => {
  const { proxy } = await scene(t)
  const entries = new Map<string, string>()
  proxy.treat(treating({ socket: 'hang' }))
  const first = watch(t, proxy.url, 'harbour', { timing, transports: twoTransports, storage: storageOf(entries) })
  await first.until('live by the stream', liveBy('sse'))
  first.feed.close()
  proxy.treat(treating({}))
  const [[key = '', value = ''] = []] = entries
  for (const wrong of [value.replace('sse', 'pigeon'), '{}', '', 'sse']) {
    entries.set(key, wrong)
    const asked = proxy.asked.length
    const watched = watch(t, proxy.url, 'harbour', { transports: twoTransports, storage: storageOf(entries) })
    await watched.until('live by the socket', liveBy('socket'))
    assert.ok(proxy.asked[asked]?.startsWith(sockets), JSON.stringify(wrong))
    watched.feed.close()
  }
  const refused = watch(t, proxy.url, 'harbour', { storage: refusedStorage() })
  await refused.until('live by the socket', liveBy('socket'))
})
