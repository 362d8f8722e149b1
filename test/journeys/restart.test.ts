import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { freePort } from '../faults/free-port.ts'
import { followFresh } from '../helpers/followers.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { folderOfProcess, startProcess } from '../helpers/nodes.ts'
import { startServer, tempFolder } from '../helpers/server.ts'
import { transportNames } from '../helpers/transports.ts'

/** Curl does not come back by itself. */
const returning = transportNames.filter((name) => name !== 'curl')

test('a server stopped and started with its data has all posts, and its followers come back', {
  timeout,
}, async (t) => {
  const folder = await tempFolder()
  const PORT = String(await freePort())
  const first = await startServer(t, { DATA_DIR: folder, PORT })
  await t.test('by themselves, by cursor', async (st) => {
    const newsroom = await new Newsroom(first).open()
    const { post } = await newsroom.publish({ headline: 'Kept' })
    await newsroom.pin(post.id)
    const before = await newsroom.snapshot()
    const followers = await Promise.all(returning.map((name) => followFresh(st, first, newsroom.channel, name)))

    await first.close()
    const second = await startServer(t, { DATA_DIR: folder, PORT })
    assert.deepEqual(await newsroom.on(second).snapshot(), before)
    await newsroom.publish({ headline: 'After the start' })
    await Promise.all(followers.map((follower) => follower.assertWhole(newsroom)))
    for (const { beginnings } of followers) {
      assert.ok(!beginnings.slice(1).some((how) => how !== 'batch'), `it began with ${beginnings.join(', ')}`)
    }
    await second.close()
  })
})

test('a server killed right after its answer has lost nothing', { timeout }, async (t) => {
  const folder = await folderOfProcess()
  const port = String(await freePort())
  const first = await startProcess(t, folder, port)
  await t.test('when it is started again with its data', async (st) => {
    const newsroom = await new Newsroom(first).open()
    const followers = await Promise.all(returning.map((name) => followFresh(st, first, newsroom.channel, name)))
    const posts = await Promise.all(Array.from({ length: 20 }, (_, i) => newsroom.publish({ headline: `Post ${i}` })))
    const last = await newsroom.publish({ headline: 'The last word' })
    await first.kill()

    // The redis-server that it leaves behind is stopped and started again, with all that it has.
    const second = await startProcess(t, folder, port)
    const snapshot = await newsroom.on(second).snapshot()
    assert.equal(snapshot.cursor, last.cursor)
    const kept = [...posts, last].map(({ post }) => post).sort((a, b) => b.offset - a.offset)
    assert.deepEqual(snapshot.posts, kept)
    await newsroom.publish({ headline: 'And it goes on' })
    await Promise.all(followers.map((follower) => follower.assertWhole(newsroom)))
    for (const { beginnings } of followers) assert.ok(beginnings.slice(1).every((how) => how === 'batch'))
  })
})
