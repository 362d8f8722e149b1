import assert from 'node:assert/strict'
import test from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { RawConnection } from '../helpers/raw-connection.ts'
import { startServer } from '../helpers/server.ts'

const request = 'GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n'

for (const [env, seconds] of [
  [{}, 72],
  [{ KEEP_ALIVE_MS: '620000' }, 620],
] as const) {
  test(`a client is told that its connection is kept for ${seconds} s`, { timeout }, async (t) => {
    const server = await startServer(t, env)
    const connection = await RawConnection.open(t, server.url)
    connection.say(request)
    const heard = await connection.hears(/"status":"live"/)
    assert.match(heard, new RegExp(`\r\nKeep-Alive: timeout=${seconds}\r\n`, 'i'))
  })
}

test('a connection without a request is closed after KEEP_ALIVE_MS, and not before it has had its answer', {
  timeout,
}, async (t) => {
  const server = await startServer(t, { KEEP_ALIVE_MS: '1000' })
  const connection = await RawConnection.open(t, server.url)
  connection.say(request)
  await connection.closed()
  assert.match(connection.heard, /^HTTP\/1\.1 200 [\s\S]*"status":"live"/)
})
