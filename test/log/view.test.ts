import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { Reader } from '../../src/log/read.ts'
import { scriptsOf } from '../../src/log/scripts.ts'
import { View } from '../../src/log/view.ts'
import { limits } from '../../src/wire/limits.ts'
import type { PageToken } from '../../src/wire/scalars.ts'
import { channelId, content, newChannel, once, openTestLog, redisForFile } from '../helpers/log.ts'

const redisUrl = await redisForFile()
const war = channelId('war')
const bytesMax = 100_000

async function openView(t: TestContext) {
  const log = await openTestLog(t, redisUrl)
  const { redis, prefix } = log
  const reader = new Reader({ redis, scripts: scriptsOf(redis), prefix, publicUrl: 'http://news.example' })
  await log.createChannel(newChannel('war'), once())
  return { log, view: new View(reader, () => undefined, bytesMax) }
}

test('pages of whatever name that a client makes up leave no more than the bytes that may be kept', async (t) => {
  const { view } = await openView(t)
  const most = Math.ceil(bytesMax / 500)
  for (let i = 0; i < 20; i++) {
    const pages = Array.from({ length: 200 }, (_, j) =>
      view.page(war, { limit: 30, before: String(1_000_000 + i * 200 + j) as PageToken }),
    )
    await Promise.all(pages)
    const { answers, bytes, keys } = view.kept
    assert.ok(answers > 1 && answers <= most, `${answers} answers`)
    assert.ok(bytes <= bytesMax, `${bytes} bytes`)
    assert.equal(keys, answers, 'the index has the keys of what is kept, and no others')
  }
})

test('what was read at a head is let go when the channel goes on', async (t) => {
  const { log, view } = await openView(t)
  for (let i = 1; i <= 50; i++) await view.page(war, { limit: 30, before: String(i) as PageToken })
  assert.deepEqual([view.kept.answers, view.kept.keys], [50, 50])
  await log.publish(war, content('first'), once())
  await view.snapshot(war)
  assert.deepEqual([view.kept.answers, view.kept.keys], [1, 1])
})

test('an answer that is too large to be kept leaves nothing in the index', async (t) => {
  const { log, view } = await openView(t)
  const large = 'x'.repeat(limits.bodyCharsMax)
  await log.publish(war, content('first', { body: { html: large, text: large } }), once())
  assert.equal((await view.snapshot(war))?.value.posts.length, 1)
  assert.deepEqual(view.kept, { answers: 0, bytes: 0, keys: 0 })
})
