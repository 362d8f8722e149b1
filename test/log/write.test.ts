import assert from 'node:assert/strict'
import test from 'node:test'
import { CodedError } from '../../src/errors.ts'
import { channelKeys } from '../../src/log/keys.ts'
import { limits } from '../../src/wire/limits.ts'
import type { PublishedPost } from '../../src/wire/post.ts'
import { channelId, content, newChannel, once, openTestLog, redisForFile } from '../helpers/log.ts'

const redisUrl = await redisForFile()
const war = channelId('war')

const coded = (code: string) => (error: unknown) => error instanceof CodedError && error.code === code

test('a channel has an epoch and offset 0 from its creation on, and is created once', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const { item, cursor } = await log.createChannel(newChannel('war'), once())
  assert.equal(item.url, 'http://news.example/c/war')
  assert.match(cursor, /^[A-Za-z0-9_-]+:0$/)
  await assert.rejects(log.createChannel(newChannel('war'), once()), coded('channel-exists'))
  assert.deepEqual((await log.snapshot(war))?.value.cursor, cursor)
})

test('every change takes the next offset, and every version the next number', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first'), once())
  const edited = await log.edit(war, item.id, { headline: 'edited' }, 1, once())
  const pinned = await log.pin(war, item.id, true, '*', once())
  const renamed = await log.editChannel(war, { title: 'Renamed' }, once())
  const retracted = await log.retract(war, item.id, 'It was wrong.', 3, once())
  assert.deepEqual(
    [item, edited.item, pinned.item, retracted.item].map(({ version, offset }) => [version, offset]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 5],
    ],
  )
  assert.match(renamed.cursor, /:4$/)
})

test('a hundred writers at once get dense offsets and strictly rising times', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const other = await openTestLog(t, redisUrl, { prefix: log.prefix })
  await log.createChannel(newChannel('war'), once())
  const writes = Array.from({ length: 100 }, (_, i) =>
    (i % 2 === 0 ? log : other).publish(war, content(`post ${i}`), once()),
  )
  const posts = (await Promise.all(writes)).map(({ item }) => item).sort((a, b) => a.offset - b.offset)
  assert.deepEqual(
    posts.map(({ offset }) => offset),
    Array.from({ length: 100 }, (_, i) => i + 1),
  )
  const times = posts.map(({ publishedAt }) => publishedAt)
  assert.deepEqual(times, [...new Set(times)].sort())
})

test('the order of posts does not depend on the clock of who wrote them', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const first = await log.publish(war, content('first'), once())
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 3_600_000 })
  const second = await log.publish(war, content('second'), once())
  t.mock.timers.reset()
  assert.ok(second.item.publishedAt > first.item.publishedAt)
  const headlines = (await log.snapshot(war))?.value.posts.map((post) => (post as PublishedPost).headline)
  assert.deepEqual(headlines, ['second', 'first'])
})

test('an edit of a version that is no longer the newest is refused and changes nothing', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first'), once())
  await log.edit(war, item.id, { headline: 'second' }, 1, once())
  await assert.rejects(log.edit(war, item.id, { headline: 'third' }, 1, once()), coded('stale-version'))
  assert.equal((await log.head(war))?.offset, 2)
})

test('of two edits of one version at the same time, one wins and the other is told', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first'), once())
  const edits = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => log.edit(war, item.id, { headline: `edit ${i}` }, 1, once())),
  )
  assert.equal(edits.filter(({ status }) => status === 'fulfilled').length, 1)
  const refused = edits.filter((edit) => edit.status === 'rejected')
  assert.ok(refused.every(({ reason }) => coded('stale-version')(reason)))
  assert.equal((await log.head(war))?.offset, 2)
})

test('writes that name no version all go in, one after the other', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first'), once())
  await Promise.all([
    log.edit(war, item.id, { headline: 'edited' }, '*', once()),
    log.edit(war, item.id, { tags: ['quay'] }, '*', once()),
    log.pin(war, item.id, true, '*', once()),
  ])
  const post = (await log.post(war, item.id))?.value as PublishedPost
  assert.deepEqual([post.headline, post.tags, post.pinned, post.version], ['edited', ['quay'], true, 4])
})

test('a key used for something else is refused', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first'), once('k', 'one'))
  await assert.rejects(log.publish(war, content('other'), once('k', 'two')), coded('key-reused'))
  await assert.rejects(log.edit(war, item.id, { headline: 'x' }, 1, once('k', 'two')), coded('key-reused'))
  assert.equal((await log.head(war))?.offset, 1)
})

test('the repetition of a write whose post was retracted since is not given the text again', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const publish = once()
  const { item } = await log.publish(war, content('a secret'), publish)
  await log.retract(war, item.id, 'It was wrong.', '*', once())
  const again = await log.publish(war, content('a secret'), publish)
  assert.equal(again.repeated, true)
  assert.doesNotMatch(JSON.stringify(again), /secret/)
})

test('a retraction leaves nothing of the text in the table, and no index but the order of posts', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('a secret', { tags: ['quay'], keyEvent: true }), once())
  await log.pin(war, item.id, true, '*', once())
  const { item: stub } = await log.retract(war, item.id, 'It was wrong.', '*', once())
  assert.deepEqual(Object.keys(stub).sort(), [
    'channel',
    'id',
    'offset',
    'publishedAt',
    'retraction',
    'status',
    'version',
  ])
  const keys = channelKeys(log.prefix, war)
  assert.doesNotMatch(String(await log.redis.hget(keys.rows, item.id)), /secret/)
  const listed = await Promise.all(
    ['order', 'pinned', 'key', 'tag:quay'].map((name) => log.redis.zscore(keys.index(name), item.id)),
  )
  assert.deepEqual(listed, ['1', null, null, null])
})

test('a retracted post takes no edit and no pin; retracting again for the same reason changes nothing', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first'), once())
  const retracted = await log.retract(war, item.id, 'It was wrong.', '*', once())
  await assert.rejects(log.edit(war, item.id, { headline: 'x' }, '*', once()), coded('retracted'))
  await assert.rejects(log.pin(war, item.id, true, '*', once()), coded('retracted'))
  await assert.rejects(log.retract(war, item.id, 'Another reason.', '*', once()), coded('already-retracted'))
  assert.deepEqual(await log.retract(war, item.id, 'It was wrong.', '*', once()), retracted)
  assert.equal((await log.head(war))?.offset, 2)
})

test('a pin does not make the text newer', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first'), once())
  const pinned = await log.pin(war, item.id, true, '*', once())
  assert.equal((pinned.item as PublishedPost).updatedAt, (item as PublishedPost).updatedAt)
  const edited = await log.edit(war, item.id, { headline: 'second' }, '*', once())
  assert.ok((edited.item as PublishedPost).updatedAt > (item as PublishedPost).updatedAt)
})

test('no more posts are pinned than the limit says, and an unpinned one makes room', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const posts = await Promise.all(
    Array.from({ length: limits.pinnedMax + 1 }, (_, i) => log.publish(war, content(`post ${i}`), once())),
  )
  const [last, ...others] = posts.map(({ item }) => item.id)
  assert.ok(last !== undefined && others[0] !== undefined)
  for (const id of others) await log.pin(war, id, true, '*', once())
  await assert.rejects(log.pin(war, last, true, '*', once()), coded('too-many-pins'))
  await log.pin(war, others[0], false, '*', once())
  await log.pin(war, last, true, '*', once())
  assert.equal((await log.snapshot(war))?.value.pinned[0]?.id, last)
})

test('an edit that would leave a post empty is refused', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first', { body: { html: '', text: '' } }), once())
  await assert.rejects(log.edit(war, item.id, { headline: null }, 1, once()), coded('invalid'))
  assert.equal((await log.head(war))?.offset, 1)
})

test('an edit keeps what it does not name, clears what is null, and adds its correction', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first', { sensitivity: 'Injuries.', tags: ['a'] }), once())
  const correction = { kind: 'correction', text: 'It was two boats.' } as const
  const edited = await log.edit(war, item.id, { sensitivity: null, correction }, 1, once())
  const post = edited.item as PublishedPost
  assert.deepEqual([post.headline, post.tags, post.sensitivity], ['first', ['a'], undefined])
  assert.deepEqual(
    post.corrections.map(({ kind, text }) => ({ kind, text })),
    [correction],
  )
})

test('a live channel has a start and an ended one an end, which goes when it is opened again', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const { item } = await log.createChannel(newChannel('war', { status: 'scheduled' }), once())
  assert.equal(item.coverageStart, undefined)
  const live = await log.editChannel(war, { status: 'live' }, once())
  const ended = await log.editChannel(war, { status: 'ended' }, once())
  const again = await log.editChannel(war, { status: 'live' }, once())
  assert.ok(live.item.coverageStart !== undefined && ended.item.coverageEnd !== undefined)
  assert.equal(again.item.coverageStart, live.item.coverageStart)
  assert.equal(again.item.coverageEnd, undefined)
  const backwards = { coverageStart: '2026-02-02T00:00:00.000Z', coverageEnd: '2026-02-01T00:00:00.000Z' }
  await assert.rejects(log.editChannel(war, backwards, once()), coded('invalid'))
})

test('a write to a channel or post that is not there is told so', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await assert.rejects(log.publish(war, content('first'), once()), coded('unknown-channel'))
  await assert.rejects(log.editChannel(war, { title: 'x' }, once()), coded('unknown-channel'))
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first'), once())
  const other = `${item.id.slice(1)}A` as typeof item.id
  await assert.rejects(log.retract(war, other, 'x', '*', once()), coded('unknown-post'))
})
