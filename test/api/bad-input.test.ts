import assert from 'node:assert/strict'
import test from 'node:test'
import { limits } from '../../src/wire/limits.ts'
import { assertProblem, type CallOptions, errorPaths, startCoverage } from './calls.ts'

interface Case {
  readonly what: string
  readonly method: string
  readonly path: string
  readonly options?: CallOptions
  readonly status: number
  readonly code: string
  /** Where the code is `invalid`: the fields that it must name. */
  readonly paths?: readonly string[]
}

const posts = '/v1/channels/harbour/posts'
const post = (what: string, body: unknown, status: number, code: string, ...paths: string[]): Case => ({
  what,
  method: 'POST',
  path: posts,
  options: { body },
  status,
  code,
  ...(paths.length === 0 ? {} : { paths }),
})
const read = (what: string, path: string, status: number, code: string, ...paths: string[]): Case => ({
  what,
  method: 'GET',
  path,
  status,
  code,
  ...(paths.length === 0 ? {} : { paths }),
})

const cases: readonly Case[] = [
  {
    ...post('a post to an unknown channel', { headline: 'a' }, 404, 'unknown-channel'),
    path: '/v1/channels/nowhere/posts',
  },
  {
    ...post('a post to a bad slug', { headline: 'a' }, 400, 'invalid', 'params.channel'),
    path: '/v1/channels/Har_bour/posts',
  },
  { ...post('a channel with a bad slug', { id: '-a', title: 'A' }, 400, 'invalid', 'body.id'), path: '/v1/channels' },
  { ...post('a channel that exists', { id: 'harbour', title: 'A' }, 409, 'channel-exists'), path: '/v1/channels' },
  post('an empty post', {}, 400, 'invalid', 'body'),
  post('a post of blanks', { body: { text: ' \n ' } }, 400, 'invalid', 'body'),
  post('a post of nothing but a script', { body: { html: '<script>alert(1)</script>' } }, 400, 'invalid', 'body'),
  post('a body of 10 MB', { headline: 'a'.repeat(10_000_000) }, 413, 'body-too-large'),
  post('broken JSON', '{"headline": "a"', 400, 'bad-json'),
  post('JSON that sets a prototype', '{"headline": "a", "__proto__": {}}', 400, 'bad-json'),
  post('no body', '', 400, 'invalid', 'body'),
  post('an array', [], 400, 'invalid', 'body'),
  post('a field of the wrong type', { headline: 5, tags: [true] }, 400, 'invalid', 'body.headline', 'body.tags.0'),
  post('an unknown field', { headline: 'a', body: { text: 'b' }, flag: 1 }, 400, 'invalid', 'body.flag'),
  post(
    'an unknown field within a field',
    { authors: [{ name: 'A', age: 1 }], headline: 'a' },
    400,
    'invalid',
    'body.authors.0.age',
  ),
  post('a body in two formats', { body: { text: 'a', html: 'b' } }, 400, 'invalid', 'body.body'),
  post('a body in no format', { body: {} }, 400, 'invalid', 'body.body'),
  post('a body of the wrong type', { body: { markdown: 5 } }, 400, 'invalid', 'body.body.markdown'),
  post(
    'a body above the limit',
    { body: { text: 'a'.repeat(limits.bodyCharsMax + 1) } },
    400,
    'invalid',
    'body.body.text',
  ),
  post(
    'a body above the limit once escaped',
    { body: { text: '<'.repeat(limits.bodyCharsMax) } },
    400,
    'invalid',
    'body.body.text',
  ),
  post(
    'a picture by a javascript: address',
    { media: [{ type: 'image', url: 'javascript:x', alt: '' }] },
    400,
    'invalid',
    'body.media.0.url',
  ),
  {
    what: 'a body that is not JSON',
    method: 'POST',
    path: posts,
    status: 415,
    code: 'unsupported-media-type',
    options: { body: 'headline=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  },
  {
    what: 'an Idempotency-Key above the limit',
    method: 'POST',
    path: posts,
    status: 400,
    code: 'invalid',
    paths: ['headers.idempotency-key'],
    options: { body: { headline: 'a' }, headers: { 'idempotency-key': 'a'.repeat(limits.idempotencyKeyCharsMax + 1) } },
  },
  read('a negative limit', `${posts}?limit=-1`, 400, 'invalid', 'query.limit'),
  read('a limit above the largest', `${posts}?limit=101`, 400, 'invalid', 'query.limit'),
  read('a limit that is no number', `${posts}?limit=ten`, 400, 'invalid', 'query.limit'),
  {
    ...post('an unknown parameter of a write', { headline: 'a' }, 400, 'invalid', 'query.dryRun'),
    path: `${posts}?dryRun=true`,
  },
  {
    ...post('an unknown parameter of a new channel', { id: 'b', title: 'B' }, 400, 'invalid', 'query.utm_source'),
    path: '/v1/channels?utm_source=x',
  },
  read('a page token that is none', `${posts}?before=(5`, 400, 'invalid', 'query.before'),
  read('a choice that is neither true nor false', `${posts}?keyEvents=yes`, 400, 'invalid', 'query.keyEvents'),
  read('changes without a cursor', '/v1/channels/harbour/changes', 400, 'invalid', 'query.after'),
  read('changes after what is no cursor', '/v1/channels/harbour/changes?after=5', 400, 'invalid', 'query.after'),
  read('changes with a limit of 0', '/v1/channels/harbour/changes?after=a:1&limit=0', 400, 'invalid', 'query.limit'),
  read('a cursor of another epoch', '/v1/channels/harbour/changes?after=otherlog:1', 410, 'cursor-gone'),
  read('an unknown channel', '/v1/channels/nowhere', 404, 'unknown-channel'),
  read('posts of an unknown channel', '/v1/channels/nowhere/posts', 404, 'unknown-channel'),
  read('changes of an unknown channel', '/v1/channels/nowhere/changes?after=a:1', 404, 'unknown-channel'),
  read('an unknown post', `${posts}/AAAAAAAAAAAAAAAA`, 404, 'unknown-post'),
  read('a post of an unknown channel', '/v1/channels/nowhere/posts/AAAAAAAAAAAAAAAA', 404, 'unknown-channel'),
  read('an unknown address', '/v1/nothing', 404, 'not-found'),
  read('a malformed address', '/v1/channels/%zz', 400, 'bad-request'),
  {
    what: 'a method that the address does not take',
    method: 'DELETE',
    path: '/v1/channels/harbour',
    status: 405,
    code: 'method-not-allowed',
  },
  {
    what: 'a condition on a channel, which has no versions',
    method: 'PATCH',
    path: '/v1/channels/harbour',
    status: 400,
    code: 'invalid',
    paths: ['headers.if-match'],
    options: { body: { title: 'B' }, headers: { 'if-match': '"1"' } },
  },
]

test('bad input gets a clear error and changes nothing', async (t) => {
  const { call, publish } = await startCoverage(t)
  await publish()
  const before = await call('GET', '/v1/channels/harbour')
  for (const { what, method, path, options, status, code, paths } of cases) {
    await t.test(what, async () => {
      const answer = await call(method, path, options)
      assertProblem(answer, status, code)
      if (paths !== undefined) assert.deepEqual(errorPaths(answer), paths)
      const after = await call('GET', '/v1/channels/harbour')
      assert.equal(after.text, before.text)
    })
  }
})

test('parameters of a read that are not known change nothing', async (t) => {
  const { call, channel, publish } = await startCoverage(t)
  const path = await publish()
  const { cursor } = (await call('GET', channel)).json
  const reads = ['/v1/channels', channel, `${channel}/posts?limit=5`, path, `${channel}/changes?after=${cursor}`]
  const others = [
    '/',
    '/c/harbour',
    '/ops',
    '/openapi.json',
    '/health/live',
    '/metrics',
    '/v1/ops/nodes',
    '/v1/ops/channels',
  ]
  for (const method of ['GET', 'HEAD']) {
    for (const address of [...reads, ...others]) {
      const more = `${address.includes('?') ? '&' : '?'}utm_source=a&fbclid=b&fbclid=c&_=1`
      const [plain, marked] = [await call(method, address), await call(method, address + more)]
      assert.equal(marked.status, 200, `${method} ${address}${more}: ${marked.text}`)
      if (reads.includes(address)) assert.equal(marked.text, plain.text)
    }
  }
})

test('a write refuses parameters that it does not know, in each of its forms', async (t) => {
  const { call, channel, publish } = await startCoverage(t)
  const path = await publish()
  const headers = { 'if-match': '*' }
  for (const [method, address, body] of [
    ['PATCH', channel, { title: 'B' }],
    ['PATCH', path, { headline: 'b' }],
    ['PUT', `${path}/pin`, undefined],
    ['DELETE', `${path}/pin`, undefined],
    ['POST', `${path}/retract`, { reason: 'Wrong.' }],
  ] as const) {
    const options = { ...(address === channel ? {} : { headers }), ...(body === undefined ? {} : { body }) }
    const refused = await call(method, `${address}?at=now`, options)
    assertProblem(refused, 400, 'invalid')
    assert.deepEqual(errorPaths(refused), ['query.at'], `${method} ${address}`)
  }
})

test('a cursor ahead of the log is refused, with the reason and the way out', async (t) => {
  const { call, channel, publish } = await startCoverage(t)
  await publish()
  const [epoch] = (await call('GET', channel)).json.cursor.split(':')
  const answer = await call('GET', `${channel}/changes?after=${epoch}:7`)
  assertProblem(answer, 410, 'cursor-gone')
  assert.equal(answer.json.reason, 'ahead')
  assert.match(answer.json.detail, /GET \/v1\/channels\/harbour/)
  assert.equal((await call('GET', `${channel}/changes?after=otherlog:0`)).json.reason, 'epoch')
})

test('HTML with a script is stored and served without it', async (t) => {
  const { call, publish } = await startCoverage(t)
  const path = await publish({ body: { html: '<p onclick="x()">Safe<script>alert(1)</script></p>' } })
  assert.deepEqual((await call('GET', path)).json.body, { html: '<p>Safe</p>', text: 'Safe' })
})

test('405 names the methods that the address takes', async (t) => {
  const { call, channel } = await startCoverage(t)
  const answer = await call('PUT', `${channel}/posts`, { body: {} })
  assertProblem(answer, 405, 'method-not-allowed')
  assert.equal(answer.headers.get('allow'), 'GET, HEAD, POST')
})

test('an edit that would leave nothing of a post is refused', async (t) => {
  const { call, publish } = await startCoverage(t)
  const path = await publish({ headline: 'a', body: { text: 'b' } })
  const headers = { 'if-match': '"1"' }
  assertProblem(await call('PATCH', path, { headers, body: { headline: null, body: null } }), 400, 'invalid')
  assertProblem(await call('PATCH', path, { headers, body: {} }), 400, 'invalid')
  const kept = await call('PATCH', path, { headers, body: { body: null } })
  assert.equal(kept.status, 200, kept.text)
  assert.deepEqual(kept.json.post.body, { html: '', text: '' })
})
