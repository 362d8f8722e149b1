import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import type { Feed } from '../../src/client/index.ts'
import { Newsroom } from '../browser/newsroom.ts'
import { startServer, tempFolder } from '../helpers/server.ts'
import { openGate } from './gate.ts'
import { assertWhole, isLive, watch } from './watched.ts'

const sockets = '/socket.io'
const streams = '/v1/channels/harbour/stream'

function liveBy(transport: Feed['transport']): (feed: Feed) => boolean {
  return (feed) => feed.state === 'live' && feed.transport === transport
}

test('a feed falls back to what passes, and climbs back without missing or repeating', { timeout }, async (t) => {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  const gate = await openGate(t, server.url)
  gate.refuse(sockets, streams)
  const watched = watch(t, gate.url, 'harbour')
  await watched.until('polling', liveBy('poll'))

  // Posts come all the time while the feed changes its transport under them; `watch` checks that each comes once.
  const publishing = new AbortController()
  const published = (async () => {
    while (!publishing.signal.aborted) await newsroom.publish({ headline: 'And on' })
  })()
  gate.refuse(sockets)
  await watched.until('the stream', liveBy('sse'))
  gate.refuse()
  await watched.until('the socket', liveBy('socket'))
  publishing.abort()
  await published
  await assertWhole(watched, server.url, 'harbour')
  assert.deepEqual(watched.resets, ['start'])
  // The worse line is kept until the better one is live, so a reader never sees the feed away.
  const firstLive = watched.states.indexOf('live')
  assert.deepEqual(watched.states.slice(firstLive), ['live'])
})

for (const transport of ['socket', 'sse', 'poll'] as const) {
  test(`a feed by ${transport} that was cut off is whole again by its cursor`, { timeout }, async (t) => {
    const server = await startServer(t)
    const newsroom = new Newsroom(server, 'harbour')
    await newsroom.open()
    const [first = ''] = await newsroom.publishMany('Before', 3)
    const gate = await openGate(t, server.url)
    const watched = watch(t, gate.url, 'harbour', { transports: [transport] })
    await watched.until('live', isLive)
    gate.refuse('/')
    gate.cut()
    await watched.until('offline', (feed) => feed.state === 'offline')
    assert.equal(watched.feed.transport, null)
    await newsroom.edit(first, { headline: 'Edited while nobody was there' })
    await newsroom.retract(first, 'Not confirmed.')
    await newsroom.publishMany('Meanwhile', 3)
    gate.refuse()
    await watched.until('live again', isLive)
    await assertWhole(watched, server.url, 'harbour')
    assert.deepEqual(watched.resets, ['start'])
    // The edit is void: a later change of the same post came in the same catch-up.
    assert.deepEqual(
      watched.batches.flatMap(({ changes }) => changes.map(({ type }) => type)),
      ['post.retracted', 'post.published', 'post.published', 'post.published'],
    )
    assert.deepEqual(watched.problems, ['unreachable'])
  })

  test(`by ${transport}, a restarted server is followed on, and one without the old log starts over`, {
    timeout,
  }, async (t) => {
    const DATA_DIR = await tempFolder()
    // The posts' addresses are the site's, not those of the process that serves it.
    const PUBLIC_URL = 'https://news.example'
    const first = await startServer(t, { DATA_DIR, PUBLIC_URL })
    const newsroom = new Newsroom(first, 'harbour')
    await newsroom.open()
    await newsroom.publish({ headline: 'Before the restart' })
    const gate = await openGate(t, first.url)
    const watched = watch(t, gate.url, 'harbour', { transports: [transport] })
    await watched.until('live', isLive)

    await first.close()
    const second = await startServer(t, { DATA_DIR, PUBLIC_URL })
    gate.lead(second.url)
    await new Newsroom(second, 'harbour').publish({ headline: 'After the restart' })
    await assertWhole(watched, second.url, 'harbour')
    assert.equal(watched.feed.posts.length, 2)
    assert.deepEqual(watched.resets, ['start'])

    const other = await startServer(t, { PUBLIC_URL })
    const reborn = new Newsroom(other, 'harbour')
    await reborn.open()
    const only = await reborn.publish({ headline: 'In a new log' })
    await second.close()
    gate.lead(other.url)
    await watched.until('the new log', (feed) => feed.posts[0]?.id === only)
    assert.deepEqual(watched.resets, ['start', 'epoch'])
    await assertWhole(watched, other.url, 'harbour')
  })

  test(`by ${transport}, a feed away for longer than the log is kept starts over`, { timeout }, async (t) => {
    const server = await startServer(t, { LOG_CHANGES: '10' })
    const newsroom = new Newsroom(server, 'harbour')
    await newsroom.open()
    const gate = await openGate(t, server.url)
    const watched = watch(t, gate.url, 'harbour', { transports: [transport] })
    await watched.until('live', isLive)
    gate.refuse('/')
    gate.cut()
    await watched.until('offline', (feed) => feed.state === 'offline')
    await newsroom.publishMany('Meanwhile', 40)
    gate.refuse()
    await watched.until('live again', isLive)
    assert.deepEqual(watched.resets, ['start', 'too-old'])
    await assertWhole(watched, server.url, 'harbour')
  })
}
