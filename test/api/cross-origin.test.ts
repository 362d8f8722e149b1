import assert from 'node:assert/strict'
import test from 'node:test'
import { startCoverage } from './calls.ts'

test('pages of any site may read and write, and see the headers that they need', async (t) => {
  const { call, channel } = await startCoverage(t)
  const headers = { origin: 'https://news.example' }
  const read = await call('GET', channel, { key: null, headers })
  assert.equal(read.headers.get('access-control-allow-origin'), '*')
  const exposed = (read.headers.get('access-control-expose-headers') ?? '').split(', ')
  for (const name of ['ETag', 'Location', 'Retry-After', 'Wirecopy-Head', 'Wirecopy-Poll-Ms'])
    assert.ok(exposed.includes(name))
  const preflight = await call('OPTIONS', `${channel}/posts`, {
    key: null,
    headers: {
      ...headers,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'idempotency-key',
    },
  })
  assert.equal(preflight.status, 204)
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Idempotency-Key/)
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /PATCH/)
  for (const path of ['/v1/nothing', '/v1/channels/nowhere']) {
    const missing = await call('GET', path, { key: null, headers })
    assert.equal(missing.status, 404)
    assert.equal(missing.headers.get('access-control-allow-origin'), '*')
  }
})

test('with origins named, only their pages may', async (t) => {
  const { call, channel } = await startCoverage(t, { CORS_ORIGINS: 'https://a.example, https://b.example' })
  const allowed = async (origin: string) => {
    const { headers } = await call('GET', channel, { key: null, headers: { origin } })
    assert.match(headers.get('vary') ?? '', /Origin/i)
    return headers.get('access-control-allow-origin')
  }
  assert.equal(await allowed('https://b.example'), 'https://b.example')
  assert.equal(await allowed('https://c.example'), null)
})

test('OPTIONS tells the methods of an address', async (t) => {
  const { call, channel } = await startCoverage(t)
  const answer = await call('OPTIONS', `${channel}/posts`, { key: null })
  assert.equal(answer.status, 204)
  assert.equal(answer.headers.get('allow'), 'GET, HEAD, POST, OPTIONS')
})
