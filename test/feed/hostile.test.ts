import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { limits } from '../../src/wire/limits.ts'
import { LongPollClient } from '../helpers/long-poll.ts'
import { metric, refusals } from '../helpers/metric.ts'
import { maskedFrame, RawConnection, upgradeText } from '../helpers/raw-connection.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { websocketWays } from '../helpers/websocket-ways.ts'

const text = 0x01
const fin = 0x80
const ping = 0x89
/** Far more than any limit, if all of it were taken. */
const framesInAll = 4_000_000
const framesAtOnce = 1_000

async function assertServes(server: TestServer): Promise<void> {
  assert.equal((await fetch(`${server.url}/health/live`)).status, 200)
}

for (const [who, open] of Object.entries(websocketWays)) {
  test(`${who} that sends a message in frames without end is closed`, { timeout }, async (t) => {
    const server = await startServer(t)
    const connection = await open(t, server)
    connection.say(maskedFrame(text))
    const empty = Buffer.concat(Array<Buffer>(framesAtOnce).fill(maskedFrame(0)))
    await connection.sayAll(empty, framesInAll / framesAtOnce)
    await connection.closed()
    // 1008, or a reset on the way to it: in any case not all of it was taken.
    assert.ok(connection.socket.bytesWritten < empty.length * (framesInAll / framesAtOnce))
    await assertServes(server)
  })

  test(`${who} that pings as fast as it can is closed, and answered no oftener than it may send`, {
    timeout,
  }, async (t) => {
    const server = await startServer(t)
    const connection = await open(t, server)
    const before = connection.heard.length
    const pings = Buffer.concat(Array<Buffer>(framesAtOnce).fill(maskedFrame(ping, 'x'.repeat(125))))
    await connection.sayAll(pings, framesInAll / framesAtOnce)
    await connection.closed()
    const answered = (connection.heard.length - before) / 127
    assert.ok(answered <= 2 * limits.messagesBurstMax, `${answered} pongs`)
    assert.ok((await refusals(server, 'flood')) >= 1)
  })

  test(`${who} that pings and reads nothing is closed, and little waits for it`, { timeout }, async (t) => {
    const server = await startServer(t)
    const connection = await open(t, server)
    connection.socket.pause()
    const pings = Buffer.concat(Array<Buffer>(framesAtOnce).fill(maskedFrame(ping, 'x'.repeat(125))))
    await connection.sayAll(pings, framesInAll / framesAtOnce)
    assert.ok((await metric(server, 'wirecopy_waiting_bytes')) < 200_000)
    connection.socket.resume()
    await connection.closed()
  })

  test(`a ping of ${who} is answered with what it says`, { timeout }, async (t) => {
    const server = await startServer(t)
    const connection = await open(t, server)
    connection.say(maskedFrame(ping, 'are you there'))
    await connection.hears(/are you there/)
  })

  test(`${who} that asks for namespaces that there are not, again and again, is closed`, { timeout }, async (t) => {
    const server = await startServer(t)
    const connection = await open(t, server)
    const asked = Buffer.concat(Array<Buffer>(framesAtOnce).fill(maskedFrame(fin | text, '40/other,')))
    await connection.sayAll(asked, framesInAll / framesAtOnce)
    await connection.closed()
    assert.ok((await refusals(server, 'flood')) + (await refusals(server, 'backlog')) >= 1)
  })
}

test('a client that sends its frames in crumbs is closed', { timeout }, async (t) => {
  const server = await startServer(t)
  const connection = await RawConnection.open(t, server.url)
  connection.socket.setNoDelay(true)
  connection.say(upgradeText(server.url))
  await connection.hears(/40\{"sid"/)
  connection.say(maskedFrame(fin | text, 'x'.repeat(16_000)).subarray(0, 8))
  let sent = 0
  for (; sent < 10_000 && !connection.socket.destroyed; sent++) {
    connection.say('x')
    // The server is in this process: it reads in each turn of the event loop.
    await turn()
  }
  assert.ok(connection.socket.destroyed)
  assert.ok((await refusals(server, 'flood')) >= 1)
})

test('what a client provokes by long polling and never fetches is bounded, and its session ends', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const client = await LongPollClient.connected(server.url)
  const asked = Array<string>(50).fill('40/other,')
  let status = 200
  for (let i = 0; i < 100 && status === 200; i++) status = await client.say(...asked)
  assert.equal(status, 400)
  assert.equal(await metric(server, 'wirecopy_connections{transport="polling"}'), 0)
  assert.ok((await metric(server, 'wirecopy_waiting_bytes')) < 1_000)
})

test('a websocket that probes again and again, and never goes on, is closed', { timeout }, async (t) => {
  const server = await startServer(t)
  const { sid } = await LongPollClient.connected(server.url)
  const connection = await RawConnection.open(t, server.url)
  connection.say(upgradeText(server.url, `&sid=${sid}`))
  await connection.hears(/\r\n\r\n/)
  const probes = Buffer.concat(Array<Buffer>(framesAtOnce).fill(maskedFrame(fin | text, '2probe')))
  await connection.sayAll(probes, framesInAll / framesAtOnce)
  await connection.closed()
  assert.ok(connection.heard.length < 20 * limits.messagesBurstMax)
  assert.ok((await refusals(server, 'flood')) >= 1)
})

test('a connection that greets again and again has one client, or ends', { timeout }, async (t) => {
  const server = await startServer(t)
  const client = await LongPollClient.open(server.url)
  await client.say(...Array<string>(240).fill('40'))
  assert.ok((await metric(server, 'wirecopy_connections{transport="polling"}')) <= 1)
})

test('a client that polls is answered wherever its question stands among what it says', { timeout }, async (t) => {
  const server = await startServer(t)
  const client = await LongPollClient.connected(server.url)
  await client.say('420["follow"]', '421["follow",{"channel":"none"},"more"]')
  let heard = ''
  while (!heard.includes('430') || !heard.includes('431')) heard += (await client.poll()).join()
  assert.match(heard, /430\[\{"ok":false,"error":\{[^}]*"code":"invalid"/)
  assert.match(heard, /431\[\{"ok":false,"error":\{[^}]*"code":"unknown-channel"/)
})
