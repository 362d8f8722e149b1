import assert from 'node:assert/strict'
import { once as event } from 'node:events'
import test from 'node:test'
import { io } from 'socket.io-client'
import { testMsMax } from '../../scripts/setup/test-limits.js'
import { OpsNodes } from '../../src/wire/ops.ts'
import { freePort } from '../faults/free-port.ts'
import { until } from '../faults/until.ts'
import { openTestLog, redisForFile } from '../helpers/log.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

const redisUrl = await redisForFile()

async function get(server: TestServer, path: string): Promise<Response> {
  return fetch(server.url + path, { headers: { authorization: `Bearer ${server.adminKey}` } })
}

async function createWar(server: TestServer): Promise<void> {
  const headers = { authorization: `Bearer ${server.adminKey}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ id: 'war', title: 'War' })
  assert.equal((await fetch(`${server.url}/v1/channels`, { method: 'POST', headers, body })).status, 201)
}

test('followers of each transport are counted, in the metrics and in the sums', async (t) => {
  const server = await startServer(t)
  await createWar(server)
  const stop = new AbortController()
  t.after(() => stop.abort())
  const stream = await fetch(`${server.url}/v1/channels/war/stream`, { signal: stop.signal })
  assert.equal(stream.status, 200)
  for (const transport of ['websocket', 'polling'] as const) {
    const socket = io(server.url, { forceNew: true, transports: [transport] })
    t.after(() => socket.close())
    assert.equal((await socket.emitWithAck('follow', { channel: 'war' })).ok, true)
  }
  const metrics = await (await get(server, '/metrics')).text()
  for (const line of [
    'wirecopy_connections{transport="websocket"} 1',
    'wirecopy_connections{transport="polling"} 1',
    'wirecopy_connections{transport="sse"} 1',
    'wirecopy_followers{channel="war",transport="websocket"} 1',
    'wirecopy_followers{channel="war",transport="polling"} 1',
    'wirecopy_followers{channel="war",transport="sse"} 1',
    'wirecopy_followers_behind 0',
  ]) {
    assert.ok(metrics.split('\n').includes(line), line)
  }
  // The sums have them with the process's next report.
  const total = await until('the sums have all three', async () => {
    const told = OpsNodes.parse(await (await get(server, '/v1/ops/nodes')).json())
    return told.total.followers === 3 && told.total
  })
  assert.deepEqual(total, { websocket: 1, polling: 1, sse: 1, followers: 3, behind: 0 })
})

test('a process is ready only while a probe comes back through the tail', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const server = await startServer(t, { REDIS_URL: redisUrl })
  const answered = (status: number) =>
    until(`it answers ${status}`, async () => {
      const answer = await fetch(`${server.url}/health/ready`)
      const said = (await answer.json()) as Record<string, unknown>
      if (answer.status !== status) throw new Error(`${answer.status}: ${JSON.stringify(said)}`)
      return said
    })
  assert.deepEqual(await answered(200), { status: 'ready' })
  await log.redis.call('CLIENT', 'PAUSE', String(testMsMax), 'WRITE')
  const problem = await answered(503)
  assert.deepEqual([problem['code'], problem['reason']], ['not-ready', 'probe-late'])
  assert.equal((await fetch(`${server.url}/health/live`)).status, 200)
  await log.redis.call('CLIENT', 'UNPAUSE')
  assert.deepEqual(await answered(200), { status: 'ready' })
})

test('operations and, where so configured, metrics ask for a key with the scope', async (t) => {
  const server = await startServer(t, { METRICS: 'key' })
  for (const path of ['/v1/ops/nodes', '/v1/ops/channels', '/metrics']) {
    assert.equal((await fetch(server.url + path)).status, 401, path)
    assert.equal((await get(server, path)).status, 200, path)
  }
})

test('with a port of their own, metrics are on that port alone, and nothing else is', async (t) => {
  const port = await freePort()
  for (const METRICS of ['open', 'key']) {
    const server = await startServer(t, { METRICS, METRICS_PORT: String(port) })
    const metrics = `http://127.0.0.1:${port}/metrics`
    for (const path of ['/metrics', '/%6detrics']) assert.equal((await fetch(server.url + path)).status, 404, path)
    assert.equal((await fetch(metrics)).status, METRICS === 'open' ? 200 : 401)
    const answer = await fetch(metrics, { headers: { authorization: `Bearer ${server.adminKey}` } })
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.ok((await answer.text()).includes('# TYPE wirecopy_ready gauge'))
    for (const path of ['/', '/health/live', '/v1/channels']) {
      assert.equal((await fetch(new URL(path, metrics))).status, 404, path)
    }
    await server.close()
    await assert.rejects(fetch(metrics))
  }
})

test('connections are let go when the server stops, and it is not ready any more', async (t) => {
  const server = await startServer(t)
  await createWar(server)
  const socket = io(server.url, { forceNew: true, reconnection: false })
  t.after(() => socket.close())
  await socket.emitWithAck('follow', { channel: 'war' })
  const gone = event(socket as unknown as NodeJS.EventEmitter, 'disconnect')
  const stream = await fetch(`${server.url}/v1/channels/war/stream`)
  // A stream has no last chunk, which some clients would take for a farewell.
  const cut = assert.rejects(stream.text())
  const [, [reason]] = await Promise.all([server.close(), gone, cut])
  // A stock client comes back by itself from these, and not from a disconnect by the server. Between two polls it hears
  // of its end by the next one, which is refused.
  assert.ok(['transport close', 'transport error'].includes(reason), reason)
})
