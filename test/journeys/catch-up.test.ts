import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { type Beginning, followFresh } from '../helpers/followers.ts'
import { Newsroom, publishDuring } from '../helpers/newsroom.ts'
import { startNodes } from '../helpers/nodes.ts'
import { type TransportName, transportNames } from '../helpers/transports.ts'

test('who comes back by cursor gets what was missed', { timeout }, async (t) => {
  const { a, b } = await startNodes(t)
  const nodes = [a, b]

  for (const transport of transportNames) {
    await t.test(`by ${transport}, on the same node and on the other one, and just that`, async (st) => {
      const newsroom = await new Newsroom(a).open()
      const kept = await newsroom.publish({ headline: 'Seen before' })
      const follower = await followFresh(st, a, newsroom.channel, transport)
      for (const node of nodes) {
        await follower.reach((await newsroom.snapshot()).cursor)
        follower.leave()
        const left = follower.fold.offset
        follower.batches.length = 0
        const gone = await newsroom.publish({ headline: 'Published and retracted meanwhile' })
        await newsroom.on(b).edit(kept.post.id, { headline: 'Edited meanwhile' })
        await newsroom.edit(kept.post.id, { headline: 'Edited again' })
        await newsroom.retract(gone.post.id)
        const last = await newsroom.on(b).pin(kept.post.id)
        await newsroom.unpin(kept.post.id)
        await follower.follow(node, transport)
        await follower.assertWhole(newsroom)
        assert.ok(follower.batches.length >= 1)
        assert.equal(follower.batches[0]?.from, left)
        // What later changes made void is left out: two posts changed, so two changes came.
        assert.equal(follower.batches.flatMap(({ changes }) => changes).length, 2)
        assert.equal(last.post.version + 1, follower.fold.posts.get(kept.post.id)?.version)
        await newsroom.publish({ headline: 'And it goes on' })
        await follower.assertWhole(newsroom)
      }
      assert.deepEqual(follower.beginnings, ['snapshot', 'batch', 'batch'])
    })
  }

  await t.test('at once, on any node and by any transport, while posts go on being published', async (st) => {
    const newsroom = await new Newsroom(a).open()
    await publishDuring([newsroom, newsroom.on(b)], async () => {
      await Promise.all(
        transportNames.map(async (first, i) => {
          const follower = await followFresh(st, a, newsroom.channel, first)
          for (let turn = 1; turn <= 6; turn++) {
            follower.leave()
            const next = transportNames[(i + turn) % transportNames.length] ?? first
            await follower.follow(turn % 2 === 0 ? a : b, next)
            const { offset } = follower.fold
            await follower.until('a post after the return', () => follower.fold.offset > offset)
          }
          assert.deepEqual(follower.beginnings.slice(1), Array(6).fill('batch'))
        }),
      )
    })
  })

  await t.test('to the last post, when publishing ends as they come back', async (st) => {
    const newsroom = await new Newsroom(a).open()
    const followers = await Promise.all(transportNames.map((name) => followFresh(st, a, newsroom.channel, name)))
    await publishDuring([newsroom], async () => {
      for (const [i, follower] of followers.entries()) {
        follower.leave()
        await follower.follow(i % 2 === 0 ? a : b, transportNames[i] ?? 'poller')
      }
    })
    await Promise.all(followers.map((follower) => follower.assertWhole(newsroom)))
  })

  await t.test('over many batches, where one does not hold it', async (st) => {
    const newsroom = await new Newsroom(a).open()
    const followers = await Promise.all(transportNames.map((name) => followFresh(st, a, newsroom.channel, name)))
    for (const follower of followers) follower.leave()
    // 30 posts of 120 KB (HTML and text) are more than three times what one batch takes.
    for (let i = 0; i < 30; i++) await newsroom.publish({ body: { text: `${i} `.repeat(20_000) } })
    await Promise.all(followers.map((follower, i) => follower.follow(b, transportNames[i] ?? 'poller')))
    for (const follower of followers) {
      await follower.assertWhole(newsroom)
      assert.ok(follower.batches.length > 1, 'it came in one batch')
      assert.equal(follower.beginnings.at(-1), 'batch')
    }
  })
})

test('who can not be served by cursor starts over from a snapshot, and is told why', { timeout }, async (t) => {
  const kept = 10
  const { a, b } = await startNodes(t, { LOG_CHANGES: String(kept) })

  for (const transport of transportNames) {
    await t.test(`by ${transport}`, async (st) => {
      const newsroom = await new Newsroom(a).open()
      const { post } = await newsroom.publish({ headline: 'To be retracted' })
      const follower = await followFresh(st, a, newsroom.channel, transport)
      const publish = async (count: number) => {
        for (let i = 0; i < count; i++) await newsroom.publish({ headline: `Post ${i}` })
      }
      const comeBack = async () => {
        await follower.follow(b, transport)
        await follower.assertWhole(newsroom)
        follower.leave()
        return follower.beginnings.at(-1)
      }
      follower.leave()
      await publish(kept)
      assert.equal(await comeBack(), 'batch', 'the log reaches back to here')
      await newsroom.retract(post.id)
      // Trimmed a tenth at a time: one more may be kept.
      await publish(kept + 2)
      assert.equal(await comeBack(), reasonTold(transport, 'too-old'))
      assert.equal(follower.fold.posts.get(post.id)?.status, 'retracted')
      follower.fold.epoch = 'another'
      assert.equal(await comeBack(), reasonTold(transport, 'epoch'))
      follower.fold.offset += 1_000
      assert.equal(await comeBack(), reasonTold(transport, 'ahead'))
    })
  }
})

test('when the log is lost and born again', { timeout }, async (t) => {
  const { a, b, redisUrl } = await startNodes(t)
  const redis = new Redis(new URL(redisUrl).pathname)
  t.after(() => redis.disconnect())

  await t.test('those who are connected start over', async (st) => {
    const newsroom = await new Newsroom(a).open()
    for (let i = 0; i < 5; i++) await newsroom.publish({ headline: `Lost ${i}` })
    const ways = transportNames.filter((name) => name !== 'curl')
    const followers = await Promise.all(ways.map((name) => followFresh(st, b, newsroom.channel, name)))
    await redis.flushall()
    await newsroom.open()
    // As many as before and more: the old offsets are offsets of the new log, too.
    for (let i = 0; i < 12; i++) await newsroom.publish({ headline: `Born again ${i}` })
    await Promise.all(
      followers.map(async (follower) => {
        await follower.until('a new start', () => follower.beginnings.length > 1)
        await follower.assertWhole(newsroom)
        assert.equal(follower.fold.posts.size, 12)
      }),
    )
  })
})

/** An event stream has no word for the reason, and only an answer by HTTP says that the cursor is ahead. */
function reasonTold(transport: TransportName, reason: 'epoch' | 'too-old' | 'ahead'): Beginning {
  if (transport === 'event stream' || transport === 'curl') return 'snapshot'
  return reason === 'ahead' && transport !== 'poller' ? 'epoch' : reason
}
