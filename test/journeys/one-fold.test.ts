import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { followFresh } from '../helpers/followers.ts'
import { Newsroom, publishDuring } from '../helpers/newsroom.ts'
import { startNodes } from '../helpers/nodes.ts'
import { startServer } from '../helpers/server.ts'
import { transportNames } from '../helpers/transports.ts'

test('on one node that has a Redis of its own, all ways to follow end with the same fold', { timeout }, async (t) => {
  const server = await startServer(t)
  await journey(t, await new Newsroom(server).open(), [server])
})

test('on two nodes that share a Redis, all ways to follow end with the same fold', { timeout }, async (t) => {
  const { a, b } = await startNodes(t)
  await t.test('whichever node the posts are published on', async (st) => {
    await journey(st, await new Newsroom(a).open(), [a, b])
    await journey(st, await new Newsroom(b).open(), [a, b])
  })

  await t.test('a stock client is upgraded to a websocket while posts are published, and misses none', async (st) => {
    const newsroom = await new Newsroom(a).open()
    await publishDuring([newsroom, newsroom.on(b)], async () => {
      for (const node of [a, b]) {
        const follower = await followFresh(st, node, newsroom.channel, 'stock socket')
        const { engine } = follower.socket.io
        if (engine.transport.name !== 'websocket') {
          await new Promise<void>((resolve) => engine.once('upgrade', () => resolve()))
        }
        const upgradedAt = follower.fold.offset
        await follower.until('a post by websocket', () => follower.fold.offset > upgradedAt)
        follower.leave()
      }
    })
  })

  await t.test('a channel with more posts than a snapshot holds, and a large one among them', async (st) => {
    const newsroom = await new Newsroom(a).open()
    const first = await newsroom.publish({ headline: 'The first of all' })
    await newsroom.pin(first.post.id)
    for (let i = 0; i < 35; i++) await newsroom.publish({ headline: `Post ${i}` })
    await newsroom.publish({ body: { text: 'Long. '.repeat(10_000) } })
    const followers = await Promise.all(transportNames.map((name) => followFresh(st, b, newsroom.channel, name)))
    await newsroom.edit(first.post.id, { headline: 'The first of all, edited' })
    await newsroom.publish({ body: { text: 'Longer. '.repeat(8_000) } })
    await Promise.all(followers.map((follower) => follower.assertWhole(newsroom)))
    for (const follower of followers) assert.equal(follower.fold.posts.get(first.post.id)?.version, 3)
  })
})

/** A post, its edit, its pin, its retraction; each is seen by everyone before the next is made. */
async function journey(
  t: Parameters<typeof followFresh>[0],
  newsroom: Newsroom,
  nodes: readonly { readonly url: string }[],
): Promise<void> {
  const early = await newsroom.publish({ headline: 'Before anyone came' })
  const followers = await Promise.all(
    nodes.flatMap((node) => transportNames.map((name) => followFresh(t, node, newsroom.channel, name))),
  )
  const seen = (cursor: string) => Promise.all(followers.map((follower) => follower.reach(cursor)))
  const all = (check: (post: unknown) => void, id: string) => {
    for (const { fold } of followers) check(fold.posts.get(id))
  }

  const late = await newsroom.publish({ headline: 'While they look', body: { markdown: 'It is *so*.' }, tags: ['now'] })
  await seen(late.cursor)
  all((post) => assert.deepEqual(post, late.post), late.post.id)
  const edited = await newsroom.edit(late.post.id, { headline: 'As meant', correction: { text: 'It was not so.' } })
  await seen(edited.cursor)
  all((post) => assert.deepEqual(post, edited.post), late.post.id)
  const pinned = await newsroom.pin(early.post.id)
  await seen(pinned.cursor)
  for (const { fold } of followers) assert.deepEqual(fold.pinned(), [pinned.post])
  await newsroom.editChannel({ title: 'Another title' })
  const retracted = await newsroom.retract(late.post.id, 'It never was.')
  await seen(retracted.cursor)
  all((post) => assert.deepEqual(post, retracted.post), late.post.id)
  for (const node of nodes) {
    await Promise.all(followers.map((follower) => follower.assertWhole(newsroom.on(node))))
  }
  for (const follower of followers) {
    assert.deepEqual(follower.beginnings, ['snapshot'])
    assert.equal(follower.fold.channel?.title, 'Another title')
    follower.leave()
  }
}
