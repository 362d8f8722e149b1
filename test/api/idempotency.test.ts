import assert from 'node:assert/strict'
import test from 'node:test'
import { assertProblem, startCoverage } from './calls.ts'

test('a repeated post is one post, and is answered with the post as it stands now', async (t) => {
  const { call, channel } = await startCoverage(t)
  const headers = { 'idempotency-key': 'desk 1/42' }
  const send = (body: unknown) => call('POST', `${channel}/posts`, { headers, body })
  const first = await send({ headline: 'a', tags: ['x'] })
  assert.equal(first.status, 201, first.text)
  assert.equal(first.headers.get('idempotency-replayed'), null)
  const path = `${channel}/posts/${first.json.post.id}`
  const unchanged = await send('{ "tags": ["x"], "headline": "a" }')
  assert.equal(unchanged.status, 201)
  assert.equal(unchanged.text, first.text)
  for (const name of ['etag', 'location', 'content-type', 'cache-control']) {
    assert.equal(unchanged.headers.get(name), first.headers.get(name))
  }
  assert.equal(unchanged.headers.get('idempotency-replayed'), 'true')

  const edited = await call('PATCH', path, { body: { headline: 'b' }, headers: { 'if-match': '"1"' } })
  const again = await send({ headline: 'a', tags: ['x'] })
  assert.equal(again.status, 201)
  assert.equal(again.text, edited.text)
  assert.equal(again.headers.get('etag'), '"2"')
  assert.equal(again.headers.get('location'), first.headers.get('location'))
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.equal((await call('GET', `${channel}/posts`)).json.posts.length, 1)

  assertProblem(await send({ headline: 'c' }), 422, 'key-reused')
  assertProblem(await call('PUT', `${path}/pin`, { headers }), 422, 'key-reused')
  assert.equal((await call('GET', `${channel}/posts`)).json.posts.length, 1)
})

test('posts that are sent at the same time under one key are one post', async (t) => {
  const { call, channel } = await startCoverage(t)
  const send = () => call('POST', `${channel}/posts`, { headers: { 'idempotency-key': 'k' }, body: { headline: 'a' } })
  const answers = await Promise.all(Array.from({ length: 10 }, send))
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201])
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
  assert.equal(answers.filter(({ headers }) => headers.get('idempotency-replayed') === null).length, 1)
  assert.equal((await call('GET', `${channel}/posts`)).json.posts.length, 1)
})

test('an edit repeated after a later edit undoes nothing, and is answered with the later one', async (t) => {
  const { call, publish } = await startCoverage(t)
  const path = await publish()
  const edit = (headline: string, version: string, key: string) =>
    call('PATCH', path, { body: { headline }, headers: { 'if-match': version, 'idempotency-key': key } })
  await edit('a', '"1"', 'k1')
  const later = await edit('b', '"2"', 'k2')
  const again = await edit('a', '"1"', 'k1')
  assert.equal(again.status, 200)
  assert.equal(again.text, later.text)
  assert.equal(again.headers.get('etag'), '"3"')
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.equal((await call('GET', path)).json.headline, 'b')
  // The condition is part of the request: the same edit of another version is another one.
  assertProblem(await edit('a', '"3"', 'k1'), 422, 'key-reused')
})

test('a channel is created once, and its repetition is told from another channel of that name', async (t) => {
  const { call } = await startCoverage(t)
  const create = (key: string) =>
    call('POST', '/v1/channels', { headers: { 'idempotency-key': key }, body: { id: 'quay', title: 'Quay' } })
  const first = await create('k1')
  assert.equal(first.status, 201)
  const again = await create('k1')
  assert.equal(again.status, 201)
  assert.equal(again.text, first.text)
  assertProblem(await create('k2'), 409, 'channel-exists')
})
