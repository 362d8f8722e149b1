import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { allTransports } from '../../src/client/index.ts'
import { Newsroom } from '../browser/newsroom.ts'
import { startServer } from '../helpers/server.ts'
import { assertWhole, isLive, snapshotOf, watch } from './watched.ts'

for (const transport of allTransports) {
  test(`by ${transport}, posts, edits, pins and retractions reach a follower`, { timeout }, async (t) => {
    const server = await startServer(t)
    const newsroom = new Newsroom(server, 'harbour')
    await newsroom.open()
    const early = await newsroom.publish({ headline: 'Before anyone came' })
    const watched = watch(t, server.url, 'harbour', { transports: [transport] })
    const { feed } = watched
    await watched.until('live', isLive)
    assert.equal(feed.transport, transport)
    assert.deepEqual(watched.resets, ['start'])

    const late = await newsroom.publish({ headline: 'While somebody looks' })
    await watched.until('the post', () => feed.posts[0]?.id === late)
    await newsroom.pin(early)
    await watched.until('the pin', () => feed.posts[0]?.id === early)
    assert.deepEqual(ids(feed.posts), [early, late])
    await newsroom.edit(late, { headline: 'As it was meant' })
    await watched.until('the edit', () => feed.posts[1]?.version === 2)
    await newsroom.retract(early, 'Not confirmed.')
    await watched.until('the retraction', () => feed.posts[1]?.status === 'retracted')
    assert.deepEqual(ids(feed.posts), [late, early])
    await assertWhole(watched, server.url, 'harbour')
    assert.deepEqual(watched.problems, [])
  })
}

test('a feed that begins with a snapshot is told only what came after it', { timeout }, async (t) => {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  await newsroom.publish({ headline: 'On the page' })
  const snapshot = await snapshotOf(server.url, 'harbour')
  const missed = await newsroom.publish({ headline: 'While the page was loading' })
  for (const transport of allTransports) {
    const watched = watch(t, server.url, 'harbour', { snapshot, transports: [transport] })
    assert.equal(watched.feed.posts.length, 1)
    await watched.until('the post', (feed) => feed.posts[0]?.id === missed)
    assert.deepEqual(watched.resets, [])
    assert.equal(watched.batches.length, 1)
    watched.feed.close()
  }
})

test('older posts are loaded by the page, and what changed in them meanwhile is right', { timeout }, async (t) => {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  const posts = await newsroom.publishMany('Post', 75)
  const watched = watch(t, server.url, 'harbour')
  const { feed } = watched
  await watched.until('live', isLive)
  assert.equal(feed.posts.length, 30)
  const [first = '', second = ''] = posts
  await newsroom.edit(first, { headline: 'Looked at again' })
  await newsroom.pin(second)
  await watched.until('the pin', () => feed.posts[0]?.id === second)
  assert.deepEqual(ids(feed.posts), [second, ...posts.slice(45).reverse()])

  assert.deepEqual(await Promise.all([feed.loadOlder(), feed.loadOlder()]), [true, true])
  assert.equal(feed.posts.length, 61)
  await assertWhole(watched, server.url, 'harbour')
  assert.deepEqual(ids(feed.posts), [second, ...posts.slice(2).reverse(), first])
  assert.equal(feed.hasOlder, false)
  assert.equal(await feed.loadOlder(), false)
})

test('a channel that is not there is told once, and the feed closes', { timeout }, async (t) => {
  const server = await startServer(t)
  for (const transport of allTransports) {
    const watched = watch(t, server.url, 'nowhere', { transports: [transport] })
    await watched.until('closed', (feed) => feed.state === 'closed')
    assert.deepEqual(watched.problems, ['unknown-channel'])
  }
})

test('an ended channel says so, still brings corrections, and can be opened again', { timeout }, async (t) => {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  const post = await newsroom.publish({ headline: 'The last one' })
  for (const transport of allTransports) {
    const watched = watch(t, server.url, 'harbour', { transports: [transport] })
    const { feed } = watched
    await watched.until('live', isLive)
    await setStatus(server, 'ended')
    await watched.until('ended', () => feed.state === 'ended')
    const version = feed.posts[0]?.version ?? 0
    await newsroom.edit(post, { correction: { text: `Corrected after ${transport}.` } })
    await watched.until('the correction', () => feed.posts[0]?.version === version + 1)
    await setStatus(server, 'live')
    await watched.until('live again', isLive)
    assert.equal(feed.channel?.status, 'live')
    feed.close()
    assert.equal(feed.state, 'closed')
  }
})

function ids(posts: readonly { readonly id: string }[]): string[] {
  return posts.map(({ id }) => id)
}

async function setStatus(server: { url: string; adminKey: string }, status: string): Promise<void> {
  const response = await fetch(`${server.url}/v1/channels/harbour`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${server.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ status }),
  })
  assert.equal(response.status, 200)
}
