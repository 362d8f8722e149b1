import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import test from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { until } from '../faults/until.ts'
import { folderOfProcess, startProcess } from '../helpers/nodes.ts'
import { RawConnection, upgradeText } from '../helpers/raw-connection.ts'
import { startServer } from '../helpers/server.ts'

const offers = ['h2c', 'foo', 'websocket', 'h2c, websocket']

for (const offer of offers) {
  test(`a request that offers to upgrade to ${offer}, where that is not taken, is answered, and so is the next one`, {
    timeout,
  }, async (t) => {
    const server = await startServer(t)
    const connection = await RawConnection.open(t, server.url)
    const lines = ['Host: h', `Upgrade: ${offer}`, 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AA']
    const body = JSON.stringify({ id: 'war', title: 'War' })
    const post = [
      'Content-Type: application/json',
      `Authorization: Bearer ${server.adminKey}`,
      `Content-Length: ${body.length}`,
    ]
    connection.say(['POST /v1/channels HTTP/1.1', ...lines, ...post, `\r\n${body}`].join('\r\n'))
    await connection.hears(/^HTTP\/1\.1 201 [\s\S]*"id":"war"/)
    connection.say(['GET /v1/channels/war HTTP/1.1', ...lines, '\r\n'].join('\r\n'))
    await connection.hears(/HTTP\/1\.1 200 [\s\S]*"posts":\[\]/)
    connection.say(['GET /health/live HTTP/1.1', 'Host: h', '\r\n'].join('\r\n'))
    await connection.hears(/"status":"live"/)
  })
}

test('only a request whose connection is to be upgraded becomes a websocket', { timeout }, async (t) => {
  const server = await startServer(t)
  const connection = await RawConnection.open(t, server.url)
  connection.say(upgradeText(server.url).replace('Connection: Upgrade', 'Connection: keep-alive'))
  await connection.hears(/^HTTP\/1\.1 400 /)
})

const bad: Readonly<Record<string, (url: string) => string>> = {
  'a session that there is not': (url) => upgradeText(url, '&sid=none'),
  'another version of websockets': (url) => upgradeText(url).replace('Version: 13', 'Version: 7'),
  'no key': (url) => upgradeText(url).replace('AAAAAAAAAAAAAAAAAAAAAA==', '-'),
  'something else, elsewhere': () => 'GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n',
  'another transport': (url) => upgradeText(url).replace('transport=websocket', 'transport=polling'),
}

test('connections whose upgrade is refused or never finished leave no file open, and do not keep the process', {
  timeout,
}, async (t) => {
  const server = await startProcess(t, await folderOfProcess())
  const files = () => readdirSync(`/proc/${server.process.pid}/fd`).length
  await (await fetch(`${server.url}/health/live`)).text()
  const before = files()
  const connections = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const connection = await RawConnection.open(t, server.url)
      // An answer that was given before is what a server may take an upgrade by mistake for answered by.
      connection.say('GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n')
      await connection.hears(/"status":"live"/)
      const make = Object.values(bad)[i % Object.keys(bad).length]
      assert.ok(make !== undefined)
      connection.say(make(server.url))
      connection.say('x')
      connection.socket.end()
      return connection
    }),
  )
  await Promise.all(connections.map((connection) => connection.closed()))
  await (await fetch(`${server.url}/health/live`)).text()
  // The test's own connection, and what Redis is asked by, may be among them.
  await until(`there are about as many files as the ${before} before`, () => {
    const after = files()
    if (after > before + 5) throw new Error(`there are ${after}`)
    return true
  })

  const [ended, silent] = [await RawConnection.open(t, server.url), await RawConnection.open(t, server.url)]
  for (const connection of [ended, silent]) connection.say(upgradeText(server.url))
  const exited = new Promise((resolve) => server.process.once('exit', resolve))
  server.process.kill('SIGTERM')
  assert.equal(await exited, 0)
})
