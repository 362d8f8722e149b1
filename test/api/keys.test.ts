import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { coversChannel, Keys, type NewKey } from '../../src/api/keys.ts'
import { connectForCommands } from '../../src/log/connection.ts'
import { findEmbeddedRedis } from '../../src/log/embedded.ts'
import { apiKeys } from '../../src/log/keys.ts'
import { adminKey, tempFolder } from '../helpers/server.ts'
import { assertProblem, startCoverage } from './calls.ts'

const logger = pino({ level: 'silent' })

/** A server with one channel, and its keys, which are kept in its own Redis. */
async function startWithKeys(t: TestContext, env: Record<string, string> = {}) {
  const folder = await tempFolder()
  const coverage = await startCoverage(t, { ...env, DATA_DIR: folder })
  const url = await findEmbeddedRedis(folder)
  assert.ok(url !== null)
  const redis = connectForCommands(url, 'test', logger)
  await redis.connect()
  t.after(() => redis.disconnect())
  return { ...coverage, redis, keys: new Keys(redis, apiKeys('wirecopy')) }
}

const desk: NewKey = { name: 'desk', scopes: ['posts:write'], channels: ['harbour'] }

test('a channel pattern takes * for any run of characters, and nothing else', () => {
  const covered = (pattern: string, channel: string) => coversChannel([pattern], channel)
  assert.ok(covered('*', 'anything'))
  assert.ok(covered('sport-*', 'sport-cup'))
  assert.ok(covered('*-2026-*', 'cup-2026-final'))
  assert.ok(covered('a*a', 'aa'))
  assert.ok(!covered('a*a', 'a'))
  assert.ok(!covered('sport-*', 'esport-cup'))
  assert.ok(!covered('sport', 'sport-cup'))
  assert.ok(!covered('a*b*b', 'ab'))
  assert.ok(!coversChannel([], 'a'))
})

test('a key is kept as a hash alone, is found by what was shown once, and is gone when revoked', async (t) => {
  const { redis, keys } = await startWithKeys(t)
  const { key, secret } = await keys.make(desk)
  assert.match(secret, /^wck_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/)
  const kept = JSON.stringify(await redis.hgetall(apiKeys('wirecopy')))
  assert.ok(!kept.includes(secret.slice(17)))
  assert.deepEqual(await keys.find(secret), { kind: 'key', key })
  assert.equal((await keys.find(`${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`)).kind, 'unknown')
  assert.equal((await keys.find('wck_')).kind, 'unknown')
  assert.deepEqual(await keys.list(), [key])
  assert.equal(await keys.revoke(key.id), true)
  assert.equal(await keys.revoke(key.id), false)
  assert.equal((await keys.find(secret)).kind, 'unknown')
  assert.deepEqual(await keys.list(), [])
})

test('a key does what its scopes and channels let it, and nothing else', async (t) => {
  const { call, channel, keys } = await startWithKeys(t)
  await call('POST', '/v1/channels', { body: { id: 'quay', title: 'Quay' } })
  const before = await Promise.all([call('GET', channel), call('GET', '/v1/channels/quay')])
  const body = { headline: 'a' }
  const { secret: key, key: kept } = await keys.make(desk)
  const refusals = [
    [await call('POST', `${channel}/posts`, { body, key: null }), 401, 'unauthorized', 'Bearer realm="wirecopy"'],
    [await call('POST', `${channel}/posts`, { body, key: 'wrong' }), 401, 'wrong-key', /error="invalid_token"/],
    [await call('POST', '/v1/channels/quay/posts', { body, key }), 403, 'foreign-channel', null],
    [await call('PATCH', channel, { body: { title: 'b' }, key }), 403, 'missing-scope', /scope="channels:write"/],
    [await call('GET', '/v1/ops/nodes', { key }), 403, 'missing-scope', /scope="ops:read"/],
  ] as const
  for (const [answer, status, code, challenge] of refusals) {
    assertProblem(answer, status, code)
    const header = answer.headers.get('www-authenticate')
    if (challenge instanceof RegExp) assert.match(header ?? '', challenge)
    else assert.equal(header, challenge)
  }
  const expired = await keys.make({ ...desk, expiresAt: new Date(Date.now() - 1).toISOString() })
  assertProblem(await call('POST', `${channel}/posts`, { body, key: expired.secret }), 401, 'expired-key')
  const after = await Promise.all([call('GET', channel), call('GET', '/v1/channels/quay')])
  assert.deepEqual(
    after.map(({ text }) => text),
    before.map(({ text }) => text),
  )

  const done = await call('POST', `${channel}/posts`, { body, key })
  assert.equal(done.status, 201, done.text)
  await keys.revoke(kept.id)
  assertProblem(await call('POST', `${channel}/posts`, { body, key }), 401, 'wrong-key')
})

test('a key that creates channels creates those that its patterns cover', async (t) => {
  const { call, keys } = await startWithKeys(t)
  const { secret: key } = await keys.make({ name: 'cms', scopes: ['channels:write'], channels: ['sport-*'] })
  const create = (id: string) => call('POST', '/v1/channels', { key, body: { id, title: 'A' } })
  assert.equal((await create('sport-cup')).status, 201)
  assertProblem(await create('harbour-2'), 403, 'foreign-channel')
  assertProblem(await call('GET', '/v1/channels/harbour-2'), 404, 'unknown-channel')
})

test('readers need no key, and a wrong one does not stop them', async (t) => {
  const { call, channel } = await startCoverage(t)
  assert.equal((await call('GET', channel, { key: null })).status, 200)
  assert.equal((await call('GET', channel, { key: 'wrong' })).status, 200)
})

test('an address that guesses keys is slowed down, while keys that were right before go on', async (t) => {
  const { call, channel, keys } = await startWithKeys(t, { RATE_LIMIT: 'on' })
  const { secret } = await keys.make(desk)
  const guess = (key: string) => call('PUT', `${channel}/posts/AAAAAAAAAAAAAAAA/pin`, { key })
  for (let i = 0; i < 30; i++) assertProblem(await guess(`guess-${i}`), 401, 'wrong-key')
  const slowed = await guess('guess-30')
  assertProblem(slowed, 429, 'too-many-requests')
  assert.ok(Number(slowed.headers.get('retry-after')) > 0)
  assertProblem(await guess(secret), 429, 'too-many-requests')
  assertProblem(await guess(adminKey), 404, 'unknown-post')
})

test('how long guesses are refused does not depend on the clock', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const { call, channel } = await startWithKeys(t, { RATE_LIMIT: 'on' })
  const guess = (key: string) => call('PUT', `${channel}/posts/AAAAAAAAAAAAAAAA/pin`, { key })
  for (let i = 0; i < 30; i++) assertProblem(await guess(`guess-${i}`), 401, 'wrong-key')
  for (const jumpMs of [-600_000, 1_200_000]) {
    t.mock.timers.setTime(Date.now() + jumpMs)
    const slowed = await guess('guess-30')
    assertProblem(slowed, 429, 'too-many-requests')
    const retryAfter = Number(slowed.headers.get('retry-after'))
    assert.ok(retryAfter > 0 && retryAfter <= 60, `${retryAfter}`)
  }
})

test('a holder of a key is told to slow down past its rate, and readers are not', async (t) => {
  const { call, channel } = await startCoverage(t, { RATE_LIMIT: 'on' })
  const edit = () => call('PATCH', channel, { body: {} })
  for (let sent = 0; sent < 599; sent += 50) await Promise.all(Array.from({ length: Math.min(50, 599 - sent) }, edit))
  const slowed = await edit()
  assertProblem(slowed, 429, 'too-many-requests')
  assert.ok(Number(slowed.headers.get('retry-after')) > 0)
  const read = await call('GET', channel, { key: null })
  assert.equal(read.status, 200)
  assert.equal(read.headers.get('x-ratelimit-limit'), null)
})

test('the command makes, lists and revokes keys, and shows each once', async () => {
  const folder = await tempFolder()
  const script = join(import.meta.dirname, '../../scripts/keys.ts')
  const { REDIS_URL: _, ...inherited } = process.env
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [script, ...args], { env: { ...inherited, DATA_DIR: folder } })
  const made = await run(
    'make',
    '--name',
    'wire desk',
    '--scope',
    'posts:write',
    '--channel',
    'sport-*',
    '--expires',
    '30d',
  )
  assert.match(made.stdout, /^wck_[0-9a-f]{12}_[A-Za-z0-9_-]{43}\n$/)
  const id = made.stdout.slice(4, 16)
  const listed = await run('list')
  assert.match(listed.stdout, new RegExp(`${id} +wire desk +posts:write +sport-\\*`))
  assert.ok(!listed.stdout.includes(made.stdout.trim().slice(17)))
  await run('revoke', id)
  assert.doesNotMatch((await run('list')).stdout, new RegExp(id))
  await assert.rejects(run('revoke', id), { code: 1 })
  await assert.rejects(run('make', '--name', 'a', '--scope', 'everything'), { code: 2 })
  assert.match((await run('--help')).stdout, /npm run keys -- make/)
})
