import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { channelKeys } from '../../src/log/keys.ts'
import { scriptsOf } from '../../src/log/scripts.ts'
import { limits } from '../../src/wire/limits.ts'
import type { PublishedPost } from '../../src/wire/post.ts'
import { channelId, content, newChannel, once, openTestLog, redisForFile, type TestLog } from '../helpers/log.ts'

const redisUrl = await redisForFile()
const war = channelId('war')
const headline = (post: unknown) => (post as PublishedPost).headline

test('a repeated write is answered with what stands now: item, version and cursor belong together', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const [create, publish, edit, pin, rename] = [once(), once(), once(), once(), once()]
  await log.createChannel(newChannel('war'), create)
  const { item } = await log.publish(war, content('first'), publish)
  await log.edit(war, item.id, { headline: 'second' }, 1, edit)
  await log.pin(war, item.id, true, '*', pin)
  const third = await log.edit(war, item.id, { headline: 'third' }, '*', once())
  const renamed = await log.editChannel(war, { title: 'Renamed' }, rename)
  const now = { ...third, repeated: true }
  assert.deepEqual(await log.publish(war, content('first'), publish), now)
  assert.deepEqual(await log.edit(war, item.id, { headline: 'second' }, 1, edit), now)
  assert.deepEqual(await log.pin(war, item.id, true, '*', pin), now)
  assert.deepEqual(await log.createChannel(newChannel('war'), create), { ...renamed, repeated: true })
  assert.deepEqual(await log.editChannel(war, { title: 'Renamed' }, rename), { ...renamed, repeated: true })
  assert.equal((await log.head(war))?.offset, 5, 'nothing was written again')
})

test('who edits by the answer to a repeated write overwrites nothing unseen', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const publish = once()
  const { item } = await log.publish(war, content('first'), publish)
  await log.edit(war, item.id, { headline: 'by another editor' }, 1, once())
  const again = await log.publish(war, content('first'), publish)
  assert.deepEqual([again.version, headline(again.item)], [2, 'by another editor'])
  await log.edit(war, item.id, { tags: ['quay'] }, again.version, once())
  assert.equal(headline((await log.post(war, item.id))?.value), 'by another editor')
})

test('what changed nothing is not made when it is repeated later', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first'), once())
  await log.pin(war, item.id, true, '*', once())
  const pin = once()
  assert.equal((await log.pin(war, item.id, true, '*', pin)).repeated, false)
  await log.pin(war, item.id, false, '*', once())
  const again = await log.pin(war, item.id, true, '*', pin)
  assert.deepEqual([again.repeated, (again.item as PublishedPost).pinned], [true, false])
  await assert.rejects(log.pin(war, item.id, true, '*', once(String(pin.key), 'other')), { code: 'key-reused' })
  assert.equal((await log.head(war))?.offset, 3)
})

test('ten retries that race the first attempt make one write of every kind', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const other = await openTestLog(t, redisUrl, { prefix: log.prefix })
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('first'), once())
  const correction = { kind: 'correction', text: 'Said once.' } as const
  const kinds = [
    (on: TestLog, key: ReturnType<typeof once>) => on.publish(war, content('second'), key),
    (on: TestLog, key: ReturnType<typeof once>) => on.edit(war, item.id, { correction }, 1, key),
    (on: TestLog, key: ReturnType<typeof once>) => on.pin(war, item.id, true, '*', key),
    (on: TestLog, key: ReturnType<typeof once>) => on.editChannel(war, { title: 'Renamed' }, key),
    (on: TestLog, key: ReturnType<typeof once>) => on.retract(war, item.id, 'It was wrong.', '*', key),
  ]
  for (const [i, write] of kinds.entries()) {
    const key = once()
    const all = await Promise.all(Array.from({ length: 10 }, (_, j) => write(j % 2 === 0 ? log : other, key)))
    assert.equal(all.filter(({ repeated }) => !repeated).length, 1)
    for (const { item: answered, cursor } of all) assert.deepEqual([answered, cursor], [all[0]?.item, all[0]?.cursor])
    assert.equal((await log.head(war))?.offset, i + 2)
  }
})

test('keys are of their holder: the same one is another write for another holder', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const first = await log.publish(war, content('first'), once('k', 'same', 'desk'))
  const second = await log.publish(war, content('first'), once('k', 'same', 'wire'))
  assert.deepEqual([first.repeated, second.repeated], [false, false])
  assert.notEqual(first.item.id, second.item.id)
})

/** Everything that Redis holds under a prefix, as text. */
async function allOf({ redis, prefix }: TestLog & { prefix: string }): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const key of (await redis.call('KEYS', `${prefix}:*`)) as string[]) {
    const type = await redis.type(key)
    const read: Record<string, () => Promise<unknown>> = {
      hash: () => redis.hgetall(key),
      list: () => redis.lrange(key, '0', '-1'),
      set: () => redis.smembers(key),
      stream: () => redis.xrange(key, '-', '+'),
      string: () => redis.get(key),
      zset: () => redis.zrange(key, '0', '-1'),
    }
    found.set(key, JSON.stringify(await read[type]?.()))
  }
  return found
}

test('once a text is retracted nothing in Redis holds it, and no record ever did', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const publish = once('the secret key')
  const { item } = await log.publish(war, content('a secret'), publish)
  await log.edit(war, item.id, { headline: 'another secret' }, '*', once())
  await log.edit(war, item.id, { headline: 'the last secret' }, '*', { ...once(), key: null })
  for (const [key, text] of await allOf(log)) if (!key.endsWith(':rows')) assert.doesNotMatch(text, /secret/, key)
  await log.retract(war, item.id, 'It was wrong.', '*', once())
  for (const [key, text] of await allOf(log)) assert.doesNotMatch(text, /secret/, key)
})

test('a record takes as little for a large post as for a small one', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const text = 'x'.repeat(limits.bodyCharsMax)
  const { item } = await log.publish(war, content('first', { body: { html: text, text } }), once())
  const edits = 200
  for (let i = 0; i < edits; i++) await log.edit(war, item.id, { headline: `edit ${i}` }, '*', once())
  const { records, order } = channelKeys(log.prefix, war).writes('desk')
  const bytes = Number(await log.redis.memory('USAGE', records)) + Number(await log.redis.memory('USAGE', order))
  t.diagnostic(`${Math.round(bytes / edits)} bytes a record`)
  assert.ok(bytes < edits * 400, `${bytes} bytes for ${edits} records`)
})

test('without a key a write is remembered for minutes only, apart from those with one', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  await log.publish(war, content('first'), { ...once(), key: null })
  const keys = channelKeys(log.prefix, war)
  const [named, unnamed] = [keys.writes('desk'), keys.writes('desk:unnamed')]
  const leftMs = (key: string) => log.redis.pttl(key)
  for (const key of [unnamed.records, unnamed.order]) {
    const left = await leftMs(key)
    assert.ok(left > 0 && left <= 300_000, key)
  }
  for (const key of [named.records, named.order]) {
    const left = await leftMs(key)
    assert.ok(left > 300_000 && left <= limits.idempotencyMs, key)
  }
  assert.deepEqual([await log.redis.hlen(named.records), await log.redis.hlen(unnamed.records)], [1, 1])
})

/** Makes writes by the script itself, with bounds of the test's own. */
async function openScript(log: TestLog & { prefix: string }) {
  await log.createChannel(newChannel('war'), once())
  const keys = channelKeys(log.prefix, war)
  const { records, order } = keys.writes('script')
  const scripts = scriptsOf(log.redis)
  const all = [keys.meta, keys.log, keys.rows, records, order, keys.channels]
  let version = 0
  const write = async (name: string, { rememberMs = 60_000, recordsMax = 5 } = {}) => {
    const remembered = [name, 'same', rememberMs, recordsMax]
    const row = ['row', version, '{}', 'post.updated', Date.now()]
    const reply = await scripts.write(all, [...row, ...remembered, 100, 100, 'word', 100, war])
    if (reply[0] === 'done') version++
    return reply[0]
  }
  // At one moment: what ends between two questions would be counted in one of them.
  const count = async () => {
    const replies = await log.redis.multi().hlen(records).llen(order).exec()
    return replies?.map(([, number]) => number)
  }
  return { write, count }
}

test('so many writes are remembered and no more; the oldest are forgotten first', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const { write, count } = await openScript(log)
  for (let i = 0; i < 20; i++) assert.equal(await write(`w${i}`), 'done')
  assert.deepEqual(await count(), [5, 5])
  for (const i of [15, 16, 17, 18, 19]) assert.equal(await write(`w${i}`), 'repeat')
  assert.equal(await write('w14'), 'done')
  // With a lower bound they become fewer, a few at a time.
  for (let i = 20; i < 24; i++) await write(`w${i}`, { recordsMax: 2 })
  assert.deepEqual(await count(), [2, 2])
})

test('a write whose time is over is forgotten, and its name can be used again', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const { write, count } = await openScript(log)
  for (const name of ['first', 'second']) assert.equal(await write(name), 'done')
  const rememberMs = 20
  const serverMs = async () =>
    Number((await log.redis.time()).map(Number).reduce((s, us) => s * 1_000_000 + us)) / 1_000
  const end = (await serverMs()) + rememberMs + 1
  while ((await serverMs()) < end) await turn()
  assert.equal(await write('first', { rememberMs }), 'done')
  const [records, names] = (await count()) ?? []
  assert.ok(records === names && Number(names) <= 1, 'those before it went with it')
  // By what it was given it may be over by now, and its keys with it; but then it is over as a whole.
  assert.equal(await write('second'), 'done')
  assert.equal(await write('second'), 'repeat')
})
