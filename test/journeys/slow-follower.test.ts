import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import type { Batch } from '../../src/wire/batch.ts'
import { limits } from '../../src/wire/limits.ts'
import { followFresh } from '../helpers/followers.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { PlainFold } from '../helpers/plain-fold.ts'
import { RawSocketClient } from '../helpers/raw-websocket.ts'
import { startServer } from '../helpers/server.ts'

/** Large, so that the sockets are full after few of them: who does not read, and so answers no pings, has 25 s. */
const editChars = 60_000
const editsMin = 10
const editsMax = 1_000
/** Edits that go past what the system's own socket buffers take, which is more than the server may keep. */
const editsAfterFull = Math.ceil((2 * limits.waitingBytesMax) / editChars)

test('a follower that stops reading is kept nothing for, and is brought whole when it reads', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  await t.test('while the others get everything', async (st) => {
    const newsroom = await new Newsroom(server).open()
    const { post } = await newsroom.publish({ headline: 'Edited again and again' })
    const quick = await followFresh(st, server, newsroom.channel, 'websocket only')
    const slow = await RawSocketClient.open(server.url)
    st.after(() => slow.close())
    const fold = new PlainFold()
    const batches: Batch[] = []
    const caughtUp = follow(slow, newsroom.channel, fold, batches)
    await caughtUp(fold.offset)

    slow.stopReading()
    let edits = 0
    const edit = async () => {
      edits++
      const { cursor } = await newsroom.edit(post.id, { body: { text: `${edits} `.padEnd(editChars, 'x') } })
      await quick.reach(cursor)
    }
    while (!(await isBehind(newsroom)) || edits < editsMin) {
      assert.ok(edits < editsMax, 'the follower never fell behind')
      await edit()
    }
    const editsUntilFull = edits
    for (let i = 0; i < editsAfterFull; i++) await edit()
    const last = await newsroom.pin(post.id)
    assert.equal(await isBehind(newsroom), true)
    await quick.assertWhole(newsroom)

    slow.readAgain()
    await caughtUp(last.post.offset)
    assert.deepEqual(fold.posts.get(post.id), last.post)
    // All that came while it did not read came as one change, since it is one post: nothing was queued for it.
    const ahead = batches.filter(({ from }) => from > editsUntilFull + 1)
    assert.ok(ahead.length <= 1, `${ahead.length} batches had been kept for it`)
    const jump = Math.max(...batches.map(({ from, to }) => to - from))
    assert.ok(jump > editsAfterFull, `the largest batch covers ${jump} changes`)
    assert.ok(batches.length <= editsUntilFull + 2)
    await newsroom.publish({ headline: 'And it goes on' })
    await caughtUp(last.post.offset + 1)
    assert.equal(await isBehind(newsroom), false)
  })
})

/** Folds what comes to the client. Gives a function that waits until the fold has come to an offset. */
function follow(client: RawSocketClient, channel: string, fold: PlainFold, batches: Batch[]) {
  let check = () => {}
  let failed: unknown = null
  client.onEvent = (name, value) => {
    try {
      // biome-ignore lint/suspicious/noExplicitAny: the fold asserts what it is.
      const told = value as any
      if (name === 'answer') fold.begin(told.snapshot)
      else if (name === 'batch') {
        fold.apply(told)
        batches.push(told)
      }
    } catch (error) {
      failed ??= error
    }
    check()
  }
  client.follow({ channel })
  return (offset: number) =>
    new Promise<void>((resolve, reject) => {
      check = () => {
        if (failed !== null) reject(new Error('the slow follower was told what it should not be', { cause: failed }))
        else if (fold.begun && fold.offset >= offset) resolve()
      }
      check()
    })
}

/** Whether the process counts a follower of the channel as behind; asked of the metrics, which are of this moment. */
async function isBehind(newsroom: Newsroom): Promise<boolean> {
  const response = await fetch(`${newsroom.url}/metrics`)
  const behind = /^wirecopy_followers_behind(?:\{[^}]*\})? (\d+)/m.exec(await response.text())?.[1]
  assert.ok(behind !== undefined)
  return Number(behind) > 0
}
