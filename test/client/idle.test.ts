/** A channel that has not begun or has ended: no socket and no stream is held for it, and everything still arrives. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { testMsMax as timeout, waitMsMax } from '../../scripts/setup/test-limits.js'
import { Newsroom } from '../helpers/newsroom.ts'
import { startServer } from '../helpers/server.ts'
import { type HostileProxy, openHostileProxy } from './hostile-proxy.ts'
import { assertWhole, isLive, quick, snapshotOf, watch } from './watched.ts'

const sockets = '/socket.io/'

interface Scene {
  readonly url: string
  readonly newsroom: Newsroom
  readonly proxy: HostileProxy
}

async function scene(t: TestContext, status: 'scheduled' | 'live' | 'ended'): Promise<Scene> {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server, 'harbour').open({ status })
  return { url: server.url, newsroom, proxy: await openHostileProxy(t, server.url) }
}

/** By what the channel has been followed. */
function followedBy(proxy: HostileProxy): string[] {
  return [...new Set(proxy.asked.map((path) => path.split('?')[0] ?? ''))]
}

for (const status of ['scheduled', 'ended'] as const) {
  test(`a page of a channel that is ${status} only polls, gets retractions, and connects when it is live`, {
    timeout,
  }, async (t) => {
    const { url, newsroom, proxy } = await scene(t, status)
    const { post } = await newsroom.publish({ headline: 'To be taken back' })
    const snapshot = await snapshotOf(url, 'harbour')
    const watched = watch(t, proxy.url, 'harbour', { snapshot })
    const { feed } = watched
    assert.equal(feed.state, status)
    await newsroom.retract(post.id)
    await watched.until('the retraction', () => feed.posts[0]?.status === 'retracted')
    await newsroom.edit((await newsroom.publish({ headline: 'Late' })).post.id, { correction: { text: 'Later.' } })
    await watched.until('the correction', () => feed.posts[0]?.version === 2)
    assert.deepEqual([feed.state, feed.transport, watched.states], [status, 'poll', []])
    assert.deepEqual(followedBy(proxy), ['/v1/channels/harbour/changes'])

    await newsroom.editChannel({ status: 'live' })
    await watched.until('live', isLive)
    assert.equal(feed.transport, 'socket')
    assert.deepEqual(watched.states, ['connecting', 'catching-up', 'live'])
    await newsroom.publish({ headline: 'Live' })
    await assertWhole(watched, url, 'harbour')
  })
}

for (const transport of ['socket', 'sse'] as const) {
  test(`a feed by ${transport} of a channel that ends applies the last change, then lets go`, {
    timeout,
  }, async (t) => {
    const { url, newsroom, proxy } = await scene(t, 'live')
    const watched = watch(t, proxy.url, 'harbour', { transports: [transport] })
    const { feed } = watched
    await watched.until('live', isLive)
    const line = proxy.open().find((path) => path.startsWith(sockets) || path.includes('/stream')) ?? ''
    assert.notEqual(line, '')
    await newsroom.publish({ headline: 'The last one' })
    await newsroom.editChannel({ status: 'ended' })
    await watched.until('ended', () => feed.state === 'ended')
    assert.equal(feed.posts.length, 1)
    await proxy.closed(line)
    await newsroom.publish({ headline: 'An afterword' })
    await watched.until('the afterword', () => feed.posts.length === 2)
    assert.equal(feed.transport, 'poll')
    await newsroom.editChannel({ status: 'live' })
    await watched.until('live again', isLive)
    assert.equal(feed.transport, transport)
    assert.deepEqual(watched.problems, [])
    await assertWhole(watched, url, 'harbour')
  })
}

test('a channel that is opened again before its followers have let go is followed on by the same socket', {
  timeout,
}, async (t) => {
  const { url, newsroom, proxy } = await scene(t, 'live')
  const timing = { ...quick, leaveSpreadMs: waitMsMax * 1_000 }
  const watched = watch(t, proxy.url, 'harbour', { timing })
  await watched.until('live', isLive)
  await newsroom.editChannel({ status: 'ended' })
  await watched.until('ended', (feed) => feed.state === 'ended')
  await newsroom.editChannel({ status: 'live' })
  await watched.until('live again', isLive)
  await newsroom.publish({ headline: 'And on' })
  await assertWhole(watched, url, 'harbour')
  assert.deepEqual(watched.states, ['catching-up', 'live', 'ended', 'live'])
  assert.equal(proxy.asked.filter((path) => path.startsWith(sockets)).length, 1)
})

test('a feed that only finds out that the channel has ended lets go of its socket at once', { timeout }, async (t) => {
  const { newsroom, proxy } = await scene(t, 'ended')
  const timing = { ...quick, leaveSpreadMs: waitMsMax * 1_000 }
  const watched = watch(t, proxy.url, 'harbour', { timing })
  await watched.until('ended', (feed) => feed.state === 'ended')
  await proxy.closed(sockets)
  await newsroom.publish({ headline: 'An afterword' })
  await watched.until('the afterword', (feed) => feed.posts.length === 1)
})

/** Refuses so many polls, and lets the others pass. */
function refusePolls(proxy: HostileProxy, count: number): void {
  let left = count
  proxy.treat((path) => (path.includes('/changes') && left-- > 0 ? 'refuse' : 'pass'))
}

test('two polls of an ended channel that fail change nothing of what the page says', { timeout }, async (t) => {
  const { url, newsroom, proxy } = await scene(t, 'ended')
  const watched = watch(t, proxy.url, 'harbour', { snapshot: await snapshotOf(url, 'harbour') })
  refusePolls(proxy, 2)
  await newsroom.publish({ headline: 'An afterword' })
  await watched.until('the afterword', (feed) => feed.posts.length === 1)
  assert.ok(proxy.asked.length >= 3)
  assert.deepEqual([watched.feed.state, watched.states], ['ended', []])
})

test('polls of an ended channel that keep failing make the feed offline, until one is answered', {
  timeout,
}, async (t) => {
  const { url, newsroom, proxy } = await scene(t, 'ended')
  const watched = watch(t, proxy.url, 'harbour', { snapshot: await snapshotOf(url, 'harbour') })
  proxy.treat(() => 'refuse')
  await watched.until('offline', (feed) => feed.state === 'offline')
  await newsroom.publish({ headline: 'Meanwhile' })
  proxy.treat(() => 'pass')
  await watched.until('ended', (feed) => feed.state === 'ended')
  assert.deepEqual(watched.states, ['offline', 'catching-up', 'ended'])
  assert.deepEqual(followedBy(proxy), ['/v1/channels/harbour/changes'])
  await assertWhole(watched, url, 'harbour')
})
