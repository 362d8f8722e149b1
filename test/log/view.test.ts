import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { CodedError } from '../../src/errors.ts'
import { Reader } from '../../src/log/read.ts'
import { scriptsOf } from '../../src/log/scripts.ts'
import { View } from '../../src/log/view.ts'
import { parseCursor } from '../../src/wire/cursor.ts'
import { limits } from '../../src/wire/limits.ts'
import type { PageToken } from '../../src/wire/scalars.ts'
import { channelId, content, newChannel, once, openTestLog, redisForFile } from '../helpers/log.ts'

const redisUrl = await redisForFile()
const war = channelId('war')
const bytesMax = 100_000

async function openView(t: TestContext) {
  const log = await openTestLog(t, redisUrl)
  const { redis, prefix } = log
  const options = { redis, scripts: scriptsOf(redis), prefix, publicUrl: 'http://news.example' }
  await log.createChannel(newChannel('war'), once())
  return { log, options, view: new View(new Reader(options), () => undefined, bytesMax) }
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

/** Counts the pages that are being read from the real log. */
class CountedReader extends Reader {
  underWay = 0
  most = 0

  override async page(...args: Parameters<Reader['page']>): ReturnType<Reader['page']> {
    this.most = Math.max(this.most, ++this.underWay)
    try {
      return await super.page(...args)
    } finally {
      this.underWay--
    }
  }
}

test('of pages that are asked for at once, a few are read at a time, and what the fan-out reads is not kept waiting', async (t) => {
  const { log, options } = await openView(t)
  const reader = new CountedReader(options)
  const view = new View(reader, () => undefined, bytesMax)
  const { cursor } = (await view.snapshot(war)) ?? assert.fail()
  await log.publish(war, content('first'), once())
  let read = 0
  const pages = Array.from({ length: 900 }, async (_, i) => {
    await view.page(war, { limit: 30, before: String(2_000_000 + i) as PageToken })
    read++
  })
  await view.head(war)
  const after = parseCursor(cursor) ?? assert.fail()
  assert.equal((await view.news(war, after))?.kind, 'batch')
  assert.ok(read < 450, `the batch came after ${read} of 900 pages`)
  await Promise.all(pages)
  assert.ok(reader.most > 1 && reader.most <= 4, `${reader.most} at a time`)
})

test('reads that too many wait for are refused, with the time after which to ask again, and the others are answered', async (t) => {
  const { view } = await openView(t)
  const pages = await Promise.allSettled(
    Array.from({ length: 2_000 }, (_, i) => view.page(war, { limit: 30, before: String(3_000_000 + i) as PageToken })),
  )
  const refused = pages.flatMap((page) => (page.status === 'rejected' ? [page.reason] : []))
  assert.ok(refused.length > 0 && refused.length < 1_100, `${refused.length} refused`)
  for (const error of refused) {
    assert.ok(error instanceof CodedError && error.code === 'overloaded', String(error))
    assert.equal(error.retryAfterSeconds, 2)
  }
  assert.ok((await view.page(war, { limit: 30, before: '1' as PageToken })) !== null, 'and later ones are answered')
})
