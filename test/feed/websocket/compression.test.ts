import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import test, { type TestContext } from 'node:test'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import { waitMsMax } from '../../../scripts/setup/test-limits.js'
import { CompressedLosses } from '../../../src/feed/websocket/compressed-losses.ts'
import type { FollowAnswer } from '../../../src/wire/events.ts'
import { openHostileProxy } from '../../client/hostile-proxy.ts'
import { Newsroom } from '../../helpers/newsroom.ts'
import { startServer } from '../../helpers/server.ts'

const path = '/socket.io/?EIO=4&transport=websocket'
const large = { body: { text: 'Crews worked through the night along the northern quay. '.repeat(60) } }

/** Opens a websocket that offers compression, and returns what was agreed on. */
async function offer(t: TestContext, url: string, target: string): Promise<{ socket: WebSocket; agreed: string }> {
  const socket = new WebSocket(url.replace('http', 'ws') + target, { perMessageDeflate: true })
  t.after(() => socket.terminate())
  await once(socket, 'open')
  return { socket, agreed: socket.extensions }
}

/** Opens one, follows the channel, and has the answer. */
async function followed(t: TestContext, url: string, channel: string): Promise<WebSocket> {
  const { socket } = await offer(t, url, path)
  socket.send(`420${JSON.stringify(['follow', { channel }])}`)
  await new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      if (data.toString().startsWith('430')) resolve()
    })
  })
  return socket
}

test('a websocket that offers compression gets it, unless it declines it by a parameter', async (t) => {
  const { url } = await startServer(t)
  for (const target of [path, `${path}&compress=on`, `${path}&compress=`]) {
    assert.match((await offer(t, url, target)).agreed, /permessage-deflate/, target)
  }
  assert.equal((await offer(t, url, `${path}&compress=off`)).agreed, '')
})

test('a server whose setting says so compresses no websocket', async (t) => {
  const server = await startServer(t, { WEBSOCKET_COMPRESSION: 'off' })
  const newsroom = await new Newsroom(server).open()
  await newsroom.publish(large)
  assert.equal((await offer(t, server.url, path)).agreed, '')
  await followed(t, server.url, newsroom.channel)
})

test('a websocket that takes over a session of long polling is not compressed in any case', async (t) => {
  const { url } = await startServer(t)
  for (const more of ['', '&compress=on', '&compress=off']) {
    const opened = await (await fetch(`${url}/socket.io/?EIO=4&transport=polling${more}`)).text()
    const { sid }: { sid: string } = JSON.parse(opened.slice(1))
    const { socket, agreed } = await offer(t, url, `${path}&sid=${sid}${more}`)
    assert.equal(agreed, '')
    socket.send('2probe')
    const [answer] = await once(socket, 'message')
    assert.equal(String(answer), '3probe')
  }
})

test('a stock client that begins by websocket and is cut at its first compressed frame soon gets none', async (t) => {
  const server = await startServer(t, { RATE_LIMIT: 'on' })
  const newsroom = await new Newsroom(server).open()
  await newsroom.publish(large)
  const proxy = await openHostileProxy(t, server.url)
  proxy.treat(() => 'cut-compressed')
  const socket = io(proxy.url, { transports: ['websocket'], reconnectionDelay: 20, reconnectionDelayMax: 40 })
  t.after(() => socket.close())
  const answer = await new Promise<FollowAnswer>((resolve, reject) => {
    socket.on('connect', () => {
      socket.emit('follow', { channel: newsroom.channel }, resolve)
      // The server may hear of a loss after the next connection has begun.
      if (proxy.asked.length === 20) reject(new Error('it is cut again and again'))
    })
    setTimeout(reject, waitMsMax, new Error('no answer')).unref()
  })
  assert.ok(answer.ok && 'snapshot' in answer)
  const { length } = proxy.asked
  const batch = once(socket as unknown as EventEmitter, 'batch')
  await newsroom.publish(large)
  await batch
  assert.equal(proxy.asked.length, length)
})

test('a client that says goodbye after a compressed answer changes nothing for the next one', async (t) => {
  const server = await startServer(t, { RATE_LIMIT: 'on' })
  const newsroom = await new Newsroom(server).open()
  await newsroom.publish(large)
  const socket = await followed(t, server.url, newsroom.channel)
  socket.close(1001)
  await once(socket, 'close')
  assert.match((await offer(t, server.url, path)).agreed, /permessage-deflate/)
})

test('each client that is lost at a compressed answer is waited for once, for a while, and not without end', () => {
  const losses = new CompressedLosses()
  losses.note('', 0)
  assert.equal(losses.any, false)
  losses.note('192.0.2.1', 0)
  losses.note('192.0.2.1', 10)
  assert.equal(losses.take('192.0.2.2', 20), false)
  assert.deepEqual(
    [1, 2, 3].map(() => losses.take('192.0.2.1', 30_000)),
    [true, true, false],
  )
  losses.note('192.0.2.1', 0)
  assert.equal(losses.take('192.0.2.1', 30_001), false)
  for (let i = 0; i < 100; i++) losses.note('192.0.2.1', 0)
  let taken = 0
  while (losses.take('192.0.2.1', 0)) taken++
  assert.equal(taken, 16)
  for (let i = 0; i <= 10_000; i++) losses.note(`address ${i}`, 0)
  assert.equal(losses.take('address 0', 0), false)
  assert.equal(losses.take('address 1', 0), true)
})
