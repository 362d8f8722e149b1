import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import test, { type TestContext } from 'node:test'
import Fastify from 'fastify'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { limitRates } from '../../src/api/rates.ts'
import { readConfig } from '../../src/config.ts'
import { adminKey, startServer, type TestServer } from '../helpers/server.ts'
import { startCoverage } from './calls.ts'

/** Asks on kept connections. */
function asker(t: TestContext, server: TestServer) {
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  t.after(() => agent.destroy())
  return async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> => {
    const [answer] = (await once(get(server.url + path, { agent, headers }), 'response')) as [IncomingMessage]
    answer.resume()
    return answer
  }
}

type Ask = ReturnType<typeof asker>

/** Asks until it is refused, which must be before so many. A machine that is slow may begin a second minute. */
async function askUntilRefused(ask: Ask, path: string, most: number, headers?: (i: number) => Record<string, string>) {
  const batch = 50
  for (let sent = 0; sent < most; sent += batch) {
    const answers = await Promise.all(Array.from({ length: batch }, (_, i) => ask(path, headers?.(sent + i))))
    const refused = answers.find(({ statusCode }) => statusCode === 429)
    if (refused !== undefined) return refused
  }
  throw new Error(`${most} requests for ${path} were answered`)
}

test('pages, the API page, the document and unknown addresses share a rate; checks, files and reads do not', {
  timeout,
}, async (t) => {
  const server = await startServer(t, { RATE_LIMIT: 'on' })
  const ask = asker(t, server)
  const refused = await askUntilRefused(ask, '/there-is-nothing-here', 6_000)
  assert.ok(Number(refused.headers['retry-after']) > 0)
  for (const path of [
    '/',
    '/c/war',
    '/ops',
    '/docs',
    '/docs/',
    '/docs/json',
    '/openapi.json',
    '/%6fps',
    '/nothing?more',
  ]) {
    assert.equal((await ask(path)).statusCode, 429, path)
  }
  for (const path of ['/health/live', '/health/ready', '/metrics', '/v1/channels', '/docs/static/swagger-ui.css']) {
    assert.equal((await ask(path)).statusCode, 200, path)
  }
})

test('files have a rate of their own', { timeout }, async (t) => {
  // Without a network between, a slow machine asks often enough, too.
  const app = Fastify()
  t.after(() => app.close())
  await app.register(limitRates, readConfig({}))
  app.get('/assets/:name', async () => 'a file')
  app.get('/', async () => 'a page')
  const ask = async (url: string) => (await app.inject({ url })).statusCode
  let asked = 0
  while ((await ask(`/assets/${asked}.js`)) === 200) asked++
  assert.ok(asked >= 6_000)
  assert.equal(await ask('/'), 200)
})

test('each rate is what the operator sets it to', { timeout }, async (t) => {
  const set = { CALLS_PER_MINUTE: '21', READS_PER_MINUTE: '22', PAGES_PER_MINUTE: '23', FILES_PER_MINUTE: '24' }
  const server = await startServer(t, { RATE_LIMIT: 'on', ...set })
  /** The first refusal, which must come before so many requests: a slow machine may begin a second minute. */
  const refusal = async (path: string, headers: Record<string, string>): Promise<string> => {
    for (let sent = 0; sent < 500; sent++) {
      const answer = await fetch(server.url + path, { headers })
      const body = await answer.text()
      if (answer.status === 429) return body
    }
    throw new Error(`500 requests for ${path} were answered`)
  }
  for (const [max, path, headers] of [
    [21, '/v1/ops/nodes', { authorization: `Bearer ${adminKey}` }],
    [22, '/v1/channels', {}],
    [23, '/', {}],
    [24, '/assets/none.js', {}],
  ] as const) {
    assert.match(await refusal(path, headers), new RegExp(`More than ${max} requests`), path)
  }
})

test('with RATE_LIMIT=off nothing is refused', { timeout }, async (t) => {
  const server = await startServer(t, { RATE_LIMIT: 'off' })
  const ask = asker(t, server)
  await assert.rejects(askUntilRefused(ask, '/there-is-nothing-here', 2_500))
})

test('behind a trusted proxy a reader can not pass its rate by what it sends as its address', {
  timeout,
}, async (t) => {
  const server = await startServer(t, { RATE_LIMIT: 'on', TRUST_PROXY: '1' })
  const ask = asker(t, server)
  const forged = (i: number) => ({ 'x-forwarded-for': `198.51.100.${i % 256}, ${i}, 203.0.113.7` })
  await askUntilRefused(ask, '/v1/channels', 3_600, forged)
  assert.equal((await ask('/v1/channels', { 'x-forwarded-for': '203.0.113.7' })).statusCode, 429)
  assert.equal((await ask('/v1/channels', { 'x-forwarded-for': '203.0.113.7, 203.0.113.8' })).statusCode, 200)
})

test('behind a trusted proxy wrong keys are counted by the address that the proxy saw', { timeout }, async (t) => {
  const { call, channel } = await startCoverage(t, { RATE_LIMIT: 'on', TRUST_PROXY: '1' })
  const guess = (i: number, seen = '203.0.113.7', key = `guess-${i}`) =>
    call('PUT', `${channel}/posts/AAAAAAAAAAAAAAAA/pin`, {
      key,
      headers: { 'x-forwarded-for': `${'x'.repeat(5_000)}${i}, 198.51.100.${i}, ${seen}` },
    })
  for (let i = 0; i < 30; i++) assert.equal((await guess(i)).status, 401)
  assert.equal((await guess(30)).status, 429)
  assert.equal((await guess(31, '203.0.113.8')).status, 401)
  assert.equal((await guess(32, '203.0.113.7', adminKey)).status, 404)
})
