import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Newsroom } from '../helpers/newsroom.ts'
import { startNodes } from '../helpers/nodes.ts'

test('on two nodes that share a Redis', { timeout }, async (t) => {
  const nodes = await startNodes(t)

  await t.test('what one node has acknowledged, the other one answers at once, by every call', async () => {
    const a = await new Newsroom(nodes.a).open()
    const b = a.on(nodes.b)
    let cursor: string = (await b.snapshot()).cursor
    for (let turn = 0; turn < 25; turn++) {
      const [writer, reader] = turn % 2 === 0 ? [a, b] : [b, a]
      const { post } = await writer.publish({ headline: `Turn ${turn}`, tags: ['turn'], keyEvent: true })
      const writes = [
        async () => await writer.edit(post.id, { headline: `Turn ${turn}, edited` }),
        async () => await writer.pin(post.id),
        async () => await writer.unpin(post.id),
      ]
      for (const write of writes) {
        const done = await write()
        const [snapshot, page, one, changes] = await Promise.all([
          reader.snapshot(),
          reader.page('tag=turn&keyEvents=true&limit=1'),
          reader.read(`/posts/${post.id}`),
          reader.changes(cursor),
        ])
        assert.equal(snapshot.cursor, done.cursor)
        assert.deepEqual(snapshot.posts[0], done.post)
        assert.deepEqual(page.posts, [done.post])
        assert.deepEqual(one.json, done.post)
        assert.equal(`${changes.epoch}:${changes.to}`, done.cursor)
        cursor = done.cursor
      }
    }
    await a.editChannel({ title: 'Renamed' })
    assert.equal((await b.snapshot()).channel.title, 'Renamed')
  })

  await t.test('what many ask for at the same time as it changes is never older than their question', async () => {
    const a = await new Newsroom(nodes.a).open()
    const b = a.on(nodes.b)
    const { post } = await a.publish({ headline: '1' })
    let acknowledged = post.version
    let writing = true
    const readers = [a, b].flatMap((reader) =>
      Array.from({ length: 4 }, async () => {
        while (writing) {
          const least = acknowledged
          const [snapshot, one] = await Promise.all([reader.snapshot(), reader.read(`/posts/${post.id}`)])
          assert.ok((snapshot.posts[0]?.version ?? 0) >= least, 'a snapshot is older than its question')
          assert.ok(one.json.version >= least, 'a post is older than its question')
        }
      }),
    )
    const writer = async () => {
      for (let version = 2; version <= 100; version++) {
        acknowledged = (await a.edit(post.id, { headline: String(version) })).post.version
      }
      writing = false
    }
    await Promise.all([writer(), ...readers])
    assert.equal(acknowledged, 100)
  })

  await t.test('one Idempotency-Key, sent ten times at once to both, makes one post and has one answer', async () => {
    const a = await new Newsroom(nodes.a).open()
    const b = a.on(nodes.b)
    for (let round = 0; round < 10; round++) {
      const headers = { 'idempotency-key': `round-${round}` }
      const body = { headline: `Round ${round}` }
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? a : b).tryPublish(body, headers)),
      )
      for (const answer of answers) {
        assert.equal(answer.status, 201)
        assert.deepEqual(answer.json, answers[0]?.json)
      }
      const first = answers.filter(({ headers: given }) => given.get('idempotency-replayed') === null)
      assert.equal(first.length, 1, 'one of the answers is the first one')
    }
    assert.equal((await b.walk()).length, 10)
    assert.equal((await a.snapshot()).cursor.split(':')[1], '10')
    const other = await b.tryPublish({ headline: 'Something else' }, { 'idempotency-key': 'round-0' })
    assert.equal(other.status, 422)
    assert.equal(other.json.code, 'key-reused')
  })

  await t.test('the same edit, sent ten times at once with one key, is made once', async () => {
    const a = await new Newsroom(nodes.a).open()
    const { post } = await a.publish({ headline: 'Before' })
    const path = `/v1/channels/${a.channel}/posts/${post.id}`
    const headers = { 'idempotency-key': 'the-edit', 'if-match': '"1"' }
    const edit = { correction: { text: 'Said once.' } }
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? a : a.on(nodes.b)).send('PATCH', path, edit, headers)),
    )
    for (const answer of answers) {
      assert.equal(answer.status, 200, JSON.stringify(answer.json))
      assert.deepEqual(answer.json, answers[0]?.json)
    }
    assert.equal(answers[0]?.json.post.version, 2)
    assert.equal(answers[0]?.json.post.corrections.length, 1)
  })

  await t.test('of ten different edits of one version, made at once, one is taken and nine are told', async () => {
    const a = await new Newsroom(nodes.a).open()
    const { post } = await a.publish({ headline: 'Before' })
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 === 0 ? a : a.on(nodes.b)).tryEdit(post.id, { headline: `Edit ${i}` }, '"1"'),
      ),
    )
    const taken = answers.filter(({ status }) => status === 200)
    assert.equal(taken.length, 1)
    for (const { status, json } of answers)
      if (status !== 200) assert.deepEqual([status, json.code], [412, 'stale-version'])
    assert.deepEqual((await a.snapshot()).posts[0], taken[0]?.json.post)
  })
})
