import assert from 'node:assert/strict'
import test from 'node:test'
import { channelKeys } from '../../src/log/keys.ts'
import { formatCursor, parseCursor } from '../../src/wire/cursor.ts'
import { limits } from '../../src/wire/limits.ts'
import type { PublishedPost } from '../../src/wire/post.ts'
import type { Epoch, Offset, PageToken } from '../../src/wire/scalars.ts'
import { channelId, content, newChannel, once, openTestLog, redisForFile, type TestLog } from '../helpers/log.ts'

const redisUrl = await redisForFile()
const war = channelId('war')

async function at(log: TestLog, offset: number) {
  const head = await log.head(war)
  assert.ok(head !== null)
  return { epoch: head.epoch, offset: offset as Offset }
}

async function batchAfter(log: TestLog, offset: number, limit?: number) {
  const changes = await log.changes(war, await at(log, offset), limit)
  assert.ok(changes?.kind === 'batch', `offset ${offset} is served`)
  return changes.encoded
}

test('of several changes of a post only the last is given, and the batch still covers them all', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item: first } = await log.publish(war, content('first'), once())
  await log.publish(war, content('second'), once())
  await log.edit(war, first.id, { headline: 'edited' }, 1, once())
  await log.pin(war, first.id, true, '*', once())
  const { value } = await batchAfter(log, 0)
  assert.deepEqual([value.from, value.to], [0, 4])
  assert.deepEqual(
    value.changes.map((change) => [change.offset, change.type, 'post' in change ? change.post.version : null]),
    [
      [2, 'post.published', 1],
      [4, 'post.pinned', 3],
    ],
  )
})

test('a batch at the head covers nothing and says where the head is', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  await log.publish(war, content('first'), once())
  const { value } = await batchAfter(log, 1)
  assert.deepEqual([value.from, value.to, value.changes], [1, 1, []])
})

test('batches of any size, one after the other, cover the log without gap', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  for (let i = 0; i < 20; i++) await log.publish(war, content(`post ${i}`), once())
  for (const limit of [1, 3, 7, 20]) {
    const seen: number[] = []
    for (let offset = 0; offset < 20; ) {
      const { value, cursor } = await batchAfter(log, offset, limit)
      assert.equal(value.from, offset)
      assert.ok(value.to > offset && value.to <= offset + limit)
      assert.match(cursor, /:20$/)
      seen.push(...value.changes.map((change) => change.offset))
      offset = value.to
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 20 }, (_, i) => i + 1),
    )
  }
})

test('a batch ends early where its posts are large, and the next one goes on from there', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const large = 'x'.repeat(limits.batchBytesMax / 4)
  for (let i = 0; i < 10; i++) await log.publish(war, content(`post ${i}`, { body: { html: large, text: '' } }), once())
  const { value, json } = await batchAfter(log, 0)
  assert.ok(value.to >= 1 && value.to < 10)
  assert.ok(json.length <= limits.batchBytesMax + 10_000)
  assert.equal((await batchAfter(log, value.to)).value.from, value.to)
})

test('a cursor of another log, below the floor or past the head is told apart', async (t) => {
  const log = await openTestLog(t, redisUrl, { changesMax: 10 })
  await log.createChannel(newChannel('war'), once())
  for (let i = 0; i < 30; i++) await log.publish(war, content(`post ${i}`), once())
  const { epoch } = await at(log, 0)
  const reason = async (cursor: string) => {
    const position = parseCursor(cursor)
    assert.ok(position !== null)
    const changes = await log.changes(war, position)
    return changes?.kind === 'reset' ? changes.reason : changes?.kind
  }
  assert.equal(await reason('other:5'), 'epoch')
  assert.equal(await reason(`${epoch}:0`), 'too-old')
  assert.equal(await reason(`${epoch}:31`), 'ahead')
  assert.equal(await reason(`${epoch}:30`), 'batch')
  assert.equal(await log.changes(channelId('peace'), { epoch: 'x' as Epoch, offset: 0 as Offset }), null)
})

test('the log keeps at least what it promises, and never much more', async (t) => {
  const log = await openTestLog(t, redisUrl, { changesMax: 20 })
  await log.createChannel(newChannel('war'), once())
  for (let i = 1; i <= 100; i++) {
    await log.publish(war, content(`post ${i}`), once())
    const oldest = Math.max(0, i - 20)
    const { value } = await batchAfter(log, oldest)
    assert.deepEqual([value.from, value.to], [oldest, i])
    const below = await log.changes(war, await at(log, Math.max(0, i - 23)))
    assert.equal(below?.kind, i > 22 ? 'reset' : 'batch')
  }
})

test('a snapshot has the newest posts first, the pinned ones again, and a token for what is older', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const ids = []
  for (let i = 0; i < limits.pagePostsDefault + 5; i++) {
    ids.push((await log.publish(war, content(`post ${i}`), once())).item.id)
  }
  const [oldest, second] = ids
  assert.ok(oldest !== undefined && second !== undefined)
  await log.pin(war, second, true, '*', once())
  await log.pin(war, oldest, true, '*', once())
  const snapshot = (await log.snapshot(war))?.value
  const newestFirst = [...ids].reverse()
  assert.deepEqual(
    snapshot?.posts.map(({ id }) => id),
    newestFirst.slice(0, limits.pagePostsDefault),
  )
  assert.deepEqual(
    snapshot?.pinned.map(({ id }) => id),
    [oldest, second],
  )
  assert.ok(snapshot?.older !== undefined)
  const page = (await log.page(war, { limit: 100, before: snapshot.older }))?.value
  assert.deepEqual(
    page?.posts.map(({ id }) => id),
    newestFirst.slice(limits.pagePostsDefault),
  )
  assert.equal(page?.older, undefined)
})

test('pages of any size have each post once, whatever is edited, retracted or published between them', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const ids: string[] = []
  for (let i = 0; i < 23; i++) ids.push((await log.publish(war, content(`post ${i}`), once())).item.id)
  const seen: string[] = []
  let before: PageToken | undefined
  do {
    const page = (await log.page(war, { limit: 5, ...(before === undefined ? {} : { before }) }))?.value
    assert.ok(page !== undefined)
    seen.push(...page.posts.map(({ id }) => id))
    before = page.older
    const last = page.posts.at(-1)
    if (last?.status === 'published') await log.edit(war, last.id, { headline: 'edited' }, '*', once())
    const first = page.posts[0]
    if (first !== undefined) await log.retract(war, first.id, 'It was wrong.', '*', once())
    await log.publish(war, content('meanwhile'), once())
  } while (before !== undefined)
  assert.deepEqual(seen, [...ids].reverse())
})

test('pages by tag and by key event have those posts only, and not the retracted ones', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const posts = []
  for (let i = 0; i < 12; i++) {
    const fields = { tags: i % 2 === 0 ? ['quay', 'fire'] : ['fire'], keyEvent: i % 3 === 0 }
    posts.push((await log.publish(war, content(`post ${i}`, fields), once())).item)
  }
  const headlines = async (query: { tag?: string; keyEvents?: boolean }) => {
    const page = await log.page(war, { limit: 100, ...query })
    return page?.value.posts.map((post) => (post as PublishedPost).headline)
  }
  assert.deepEqual(await headlines({ tag: 'quay', keyEvents: true }), ['post 6', 'post 0'])
  assert.deepEqual(await headlines({ keyEvents: true }), ['post 9', 'post 6', 'post 3', 'post 0'])
  assert.deepEqual(await headlines({ tag: 'nothing' }), [])
  assert.ok(posts[6] !== undefined && posts[0] !== undefined)
  await log.retract(war, posts[6].id, 'It was wrong.', '*', once())
  await log.edit(war, posts[0].id, { tags: ['fire'] }, '*', once())
  assert.deepEqual(await headlines({ tag: 'quay', keyEvents: true }), [])
})

test('channels are listed newest first, from all partitions', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const ids = Array.from({ length: 40 }, (_, i) => `channel-${i}`)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  for (const id of ids) {
    await log.createChannel(newChannel(id), once())
    t.mock.timers.tick(1)
  }
  const listed = (await log.channels()).value.map(({ id }) => String(id))
  assert.deepEqual(listed, [...ids].reverse())
})

test('a read that begins after a write was acknowledged sees it, on whatever node', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const other = await openTestLog(t, redisUrl, { prefix: log.prefix })
  await log.createChannel(newChannel('war'), once())
  for (let i = 1; i <= 100; i++) {
    // Reads under way at the time of the write must not be what the later ones are given.
    const before = [other.snapshot(war), other.snapshot(war)]
    const { cursor, item } = await log.publish(war, content(`post ${i}`), once())
    const [snapshot, post] = await Promise.all([other.snapshot(war), other.post(war, item.id)])
    assert.equal(snapshot?.value.cursor, cursor)
    assert.equal(post?.value.id, item.id)
    await Promise.all(before)
  }
})

test('a crowd of readers costs Redis no more commands than one', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const other = await openTestLog(t, redisUrl, { prefix: log.prefix })
  await log.createChannel(newChannel('war'), once())
  await log.publish(war, content('first'), once())
  const { epoch } = await at(log, 0)
  const commands = async () => {
    const info = await log.redis.info('commandstats')
    const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(info)?.[1] ?? 0)
    return calls('evalsha') + calls('eval') + calls('hmget') + calls('hget')
  }
  const before = await commands()
  const after = { epoch, offset: 0 as Offset }
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, i) => (i % 2 === 0 ? other.snapshot(war) : other.changes(war, after))),
  )
  // Two checks of the head, and what the scripts themselves call: a handful, not a thousand.
  assert.ok((await commands()) - before < 20, 'the reads were shared')
  const [first] = answers
  assert.ok(first !== null && first !== undefined && 'json' in first)
  assert.ok(answers.filter((_, i) => i % 2 === 0).every((answer) => answer === first))
  assert.equal(first.value.cursor, formatCursor(epoch, 1 as Offset))
})

test('a row that was kept before texts were cleaned is read as a clean one', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war', { title: 'TEXT' }), once())
  const { item } = await log.publish(war, content('TEXT', { tags: ['TEXT'], sensitivity: 'C:\\u0000' }), once())
  const { rows } = channelKeys(log.prefix, war)
  // As JSON.stringify writes them: controls and lone surrogates by escapes, the others as they are.
  const kept = ['\\u0000', '\\b', '\\f', '\\ud83d', '\u007f', '\u0085', '\ufdd0', '\ufffe', '\uffff', '\u{10ffff}']
  for (const dirty of kept) {
    for (const id of ['', item.id]) {
      const row = (await log.redis.hget(rows, id)) ?? ''
      await log.redis.hset(
        rows,
        id,
        row.replaceAll(/TEXT[^"<]*/g, () => `TEXT${dirty}`),
      )
    }
    const other = await openTestLog(t, redisUrl, { prefix: log.prefix })
    const answers = [await other.snapshot(war), await other.post(war, item.id), await batchAfter(other, 0)]
    for (const answer of answers) {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(answer?.json)
      assert.match(text, /TEXT/)
      assert.match(text, /"sensitivity":"C:\\\\u0000"/)
      assert.doesNotMatch(text, /(?<!\\)\\(?:u|b|f)|[\u007f-\u009f]|\p{Noncharacter_Code_Point}/u)
    }
  }
  const row = (await log.redis.hget(rows, item.id)) ?? ''
  await log.redis.hset(rows, item.id, row.replaceAll(/TEXT[^"<]*/g, '\u202eTEXT'))
  const other = await openTestLog(t, redisUrl, { prefix: log.prefix })
  const read = (await other.post(war, item.id))?.value as PublishedPost
  assert.deepEqual([read.headline, read.tags], ['\u202eTEXT\u202c', ['\u202eTEXT\u202c']])
})
