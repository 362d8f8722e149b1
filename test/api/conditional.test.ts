import assert from 'node:assert/strict'
import test from 'node:test'
import { assertProblem, startCoverage } from './calls.ts'

test('an edit needs If-Match, and the version that it names', async (t) => {
  const { call, channel, publish } = await startCoverage(t)
  const path = await publish()
  const edit = (ifMatch: string | null) =>
    call('PATCH', path, { body: { keyEvent: true }, headers: ifMatch === null ? {} : { 'if-match': ifMatch } })

  const before = (await call('GET', channel)).json.cursor
  const unnamed = await edit(null)
  assertProblem(unnamed, 428, 'version-required')
  assert.match(unnamed.json.detail, /If-Match/)
  for (const [stale, named] of [
    ['"2"', 'version 2'],
    ['W/"2-gzip"', 'version 2'],
    ['"1x"', 'no version'],
    ['"1-br-x"', 'no version'],
    ['"01"', 'no version'],
    ['"2", "3"', 'version 2'],
    ['W/"x", "7"', 'version 7'],
  ] as const) {
    const refused = await edit(stale)
    assertProblem(refused, 412, 'stale-version')
    assert.equal(refused.json.version, 1)
    assert.match(refused.json.detail, new RegExp(`is at version 1, and If-Match names ${named}\\.`), stale)
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

test('the ETag that the server gave is taken in each form in which a proxy that compresses returns it', async (t) => {
  const { call, channel, publish } = await startCoverage(t)
  const path = await publish()
  let version = 1
  for (const form of ['W/"?"', '"?-gzip"', 'W/"?-gzip"', '"?;gzip"', '"?--gzip"', '"?-br"', '"?-zstd"', '"x", W/"?"']) {
    const headers = { 'if-match': form.replace('?', String(version)) }
    const done = await call('PATCH', path, { body: { headline: `Edit ${version}` }, headers })
    assert.equal(done.status, 200, `${form}: ${done.text}`)
    version++
    assert.equal(done.headers.get('etag'), `"${version}"`)
  }
  const pinned = await call('PUT', `${path}/pin`, { headers: { 'if-match': `W/"${version}-gzip"` } })
  assert.equal(pinned.status, 200, pinned.text)

  const { cursor } = (await call('GET', channel)).json
  for (const address of [
    '/v1/channels',
    channel,
    `${channel}/posts`,
    path,
    `${channel}/changes?after=${cursor}`,
    '/c/harbour',
    '/',
  ]) {
    const opaque = ((await call('GET', address)).headers.get('etag') ?? '').replace(/^W\//, '').slice(1, -1)
    for (const form of [
      `"${opaque}"`,
      `W/"${opaque}"`,
      `"${opaque}-gzip"`,
      `W/"${opaque};gzip"`,
      `"a,b", "${opaque}-br"`,
    ]) {
      const again = await call('GET', address, { headers: { 'if-none-match': form } })
      assert.equal(again.status, 304, `${address} ${form}`)
    }
    const other = await call('GET', address, { headers: { 'if-none-match': `"${opaque}x", "${opaque}-x"` } })
    assert.equal(other.status, 200, address)
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
