import assert from 'node:assert/strict'
import test from 'node:test'
import { parseTags } from '../../src/api/conditional.ts'
import { assertProblem, startCoverage } from './calls.ts'

test('entity tags are read as RFC 9110 writes them', () => {
  assert.equal(parseTags(' * '), '*')
  assert.deepEqual(parseTags('"1"'), [{ opaque: '1', weak: false }])
  assert.deepEqual(parseTags('W/"a", "b,c" ,"d"'), [
    { opaque: 'a', weak: true },
    { opaque: 'b,c', weak: false },
    { opaque: 'd', weak: false },
  ])
  for (const wrong of ['', '1', 'w/"1"', '"1', '"1" "2"', '*, "1"', '"a b"'])
    assert.equal(parseTags(wrong), null, wrong)
})

test('an edit needs If-Match, and the version that it names', async (t) => {
  const { call, channel, publish } = await startCoverage(t)
  const path = await publish()
  const edit = (ifMatch: string | null) =>
    call('PATCH', path, { body: { keyEvent: true }, headers: ifMatch === null ? {} : { 'if-match': ifMatch } })

  const before = (await call('GET', channel)).json.cursor
  const unnamed = await edit(null)
  assertProblem(unnamed, 428, 'version-required')
  assert.match(unnamed.json.detail, /If-Match/)
  for (const stale of ['"2"', 'W/"1"', '"1x"', '"2", "3"', 'W/"1", "7"']) {
    const refused = await edit(stale)
    assertProblem(refused, 412, 'stale-version')
    assert.equal(refused.json.version, 1)
  }
  assertProblem(await edit('1'), 400, 'invalid')
  assert.equal((await call('GET', channel)).json.cursor, before)

  for (const [version, current] of [
    ['"1"', '"2"'],
    ['"9", "2"', '"3"'],
    ['*', '"4"'],
  ] as const) {
    const done = await edit(version)
    assert.equal(done.status, 200, done.text)
    assert.equal(done.headers.get('etag'), current)
    assert.equal(done.headers.get('cache-control'), 'no-store')
  }
})

test('a retraction and a pin take If-Match where it is sent', async (t) => {
  const { call, publish } = await startCoverage(t)
  const path = await publish()
  const headers = { 'if-match': '"4"' }
  assertProblem(await call('PUT', `${path}/pin`, { headers }), 412, 'stale-version')
  assertProblem(await call('POST', `${path}/retract`, { headers, body: { reason: 'Wrong.' } }), 412, 'stale-version')
  assert.equal((await call('PUT', `${path}/pin`)).json.post.pinned, true)
  assert.equal((await call('DELETE', `${path}/pin`, { headers: { 'if-match': '"2"' } })).json.post.pinned, false)
  assert.equal((await call('POST', `${path}/retract`, { body: { reason: 'Wrong.' } })).json.post.status, 'retracted')
})

test('what a reader has is not sent again, until it changes', async (t) => {
  const { call, channel, publish } = await startCoverage(t)
  const path = await publish()
  const { cursor } = (await call('GET', channel)).json
  const addresses = ['/v1/channels', channel, `${channel}/posts`, path, `${channel}/changes?after=${cursor}`]
  for (const address of addresses) {
    const first = await call('GET', address, { key: null })
    assert.equal(first.status, 200, first.text)
    assert.match(first.headers.get('cache-control') ?? '', /s-maxage=1, must-revalidate/)
    const etag = first.headers.get('etag') ?? ''
    for (const tag of [etag, `"x", W/${etag}`, '*']) {
      const again = await call('GET', address, { key: null, headers: { 'if-none-match': tag } })
      assert.equal(again.status, 304, `${address} ${tag}`)
      assert.equal(again.headers.get('etag'), etag)
      assert.equal(again.text, '')
    }
    const head = await call('HEAD', address, { key: null })
    assert.equal(head.headers.get('etag'), etag)
    assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(first.text)))
  }
  assert.equal((await call('GET', channel)).headers.get('etag'), `"${cursor}"`)
  await call('PUT', `${path}/pin`)
  const changed = await call('GET', channel, { headers: { 'if-none-match': `"${cursor}"` } })
  assert.equal(changed.status, 200)
})

test('changes name the head and how long to wait, by the state of the coverage', async (t) => {
  const { call, channel, publish } = await startCoverage(t)
  const { cursor } = (await call('GET', channel)).json
  await publish()
  await publish()
  const first = await call('GET', `${channel}/changes?after=${cursor}&limit=1`)
  assert.equal(first.json.from, 0)
  assert.equal(first.json.to, 1)
  assert.equal(first.headers.get('wirecopy-head'), `${first.json.epoch}:2`)
  assert.equal(first.headers.get('wirecopy-poll-ms'), '2000')
  await call('PATCH', channel, { body: { status: 'ended' } })
  const ended = await call('GET', `${channel}/changes?after=${first.json.epoch}:3`)
  assert.deepEqual(ended.json.changes, [])
  assert.equal(ended.headers.get('wirecopy-poll-ms'), '30000')
})

test('a retracted post answers 410 with the reason and its stub, and its text is gone', async (t) => {
  const { call, channel, publish } = await startCoverage(t)
  const path = await publish({ headline: 'Unconfirmed', body: { text: 'A rumour.' } })
  const { cursor } = (await call('GET', channel)).json
  await call('POST', `${path}/retract`, { body: { reason: 'Not confirmed.' } })
  const answer = await call('GET', path)
  assertProblem(answer, 410, 'retracted')
  assert.equal(answer.json.retraction.reason, 'Not confirmed.')
  assert.equal(answer.json.post.status, 'retracted')
  for (const address of [path, channel, `${channel}/posts`, `${channel}/changes?after=${cursor}`]) {
    assert.doesNotMatch((await call('GET', address)).text, /rumour|Unconfirmed/)
  }
  assertProblem(await call('PATCH', path, { body: { headline: 'b' }, headers: { 'if-match': '*' } }), 410, 'retracted')
})
