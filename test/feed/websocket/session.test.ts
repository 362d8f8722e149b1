import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { createConnection, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import { readConfig } from '../../../src/config.ts'
import { Admission } from '../../../src/feed/admission.ts'
import { Hub } from '../../../src/feed/hub.ts'
import { SliceWriter } from '../../../src/feed/slice-writer.ts'
import { Websockets } from '../../../src/feed/websocket/server.ts'
import { openTestLog, quiet, redisForFile } from '../../helpers/log.ts'
import { Newsroom } from '../../helpers/newsroom.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'

const path = '/socket.io/?EIO=4&transport=websocket'
const redisUrl = await redisForFile()

/** A client below Socket.IO: it has opened the connection, and says what the test says. */
class Bare {
  readonly socket: WebSocket
  readonly packets: string[] = []
  #wake: () => void = () => undefined

  constructor(
    t: TestContext,
    url: string,
    options: { perMessageDeflate: boolean | object } = { perMessageDeflate: false },
  ) {
    this.socket = new WebSocket(url.replace('http', 'ws') + path, options)
    this.socket.on('error', () => undefined)
    this.socket.on('message', (data: Buffer) => {
      this.packets.push(data.toString())
      this.#wake()
    })
    t.after(() => this.socket.terminate())
  }

  /** The first packet that begins so, once it has come. */
  async packet(start: string): Promise<string> {
    for (;;) {
      const found = this.packets.find((packet) => packet.startsWith(start))
      if (found !== undefined) return found
      await new Promise<void>((wake) => {
        this.#wake = wake
      })
    }
  }

  async follow(channel: string): Promise<void> {
    await this.packet('0')
    this.socket.send('40')
    await this.packet('40')
    this.socket.send(`420${JSON.stringify(['follow', { channel }])}`)
    await this.packet('430')
  }

  async closeCode(): Promise<number> {
    const [code] = await once(this.socket, 'close')
    return code
  }

  /** Bytes of the connection, the upgrade's answer among them. */
  get bytesRead(): number {
    return (this.socket as unknown as { _socket: Socket })._socket.bytesRead
  }
}

const prose =
  'Crews worked through the night along the northern quay, where the first boats had come in before midnight. ' +
  'The harbour office said that two berths stayed closed, and asked people who live nearby to keep their windows shut. ' +
  'A spokesman for the fire service said that no one was missing, and that the cause was not known yet. '

async function publishProse(newsroom: Newsroom): Promise<string> {
  const text = prose.repeat(6)
  await newsroom.publish({ body: { text } })
  return text
}

test('a batch goes compressed to whoever agreed to it, and is the same to all', async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const [deflated, plain] = [new Bare(t, server.url, { perMessageDeflate: true }), new Bare(t, server.url)]
  for (const client of [deflated, plain]) await client.follow(newsroom.channel)
  assert.match(deflated.socket.extensions, /permessage-deflate/)
  assert.equal(plain.socket.extensions, '')
  const before = [deflated.bytesRead, plain.bytesRead]
  await publishProse(newsroom)
  const [one, other] = [await deflated.packet('42["batch"'), await plain.packet('42["batch"')]
  assert.equal(one, other)
  const [few, many] = [deflated.bytesRead - (before[0] ?? 0), plain.bytesRead - (before[1] ?? 0)]
  assert.ok(many >= one.length)
  assert.ok(few < many * 0.55, `${few} of ${many} bytes`)
})

test('a client that asks for a window of its own is sent nothing compressed', async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const client = new Bare(t, server.url, { perMessageDeflate: { serverMaxWindowBits: 10 } })
  // Its offer has no other form to fall back to, and so nothing is agreed on.
  await client.follow(newsroom.channel)
  assert.equal(client.socket.extensions, '')
  await publishProse(newsroom)
  await client.packet('42["batch"')
})

test('a compressed question is understood', async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const client = new Bare(t, server.url, { perMessageDeflate: { threshold: 0 } })
  await client.follow(newsroom.channel)
  assert.match(client.socket.extensions, /permessage-deflate/)
})

test('there is one namespace, and a stock client is told so', async (t) => {
  const server = await startServer(t)
  const socket = io(`${server.url}/other`, { transports: ['websocket'], forceNew: true, reconnection: false })
  t.after(() => socket.close())
  const [error] = await once(socket as unknown as EventEmitter, 'connect_error')
  assert.equal(error.message, 'Invalid namespace')
})

test('a client that leaves the namespace may come back into it on the same connection', async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const client = new Bare(t, server.url)
  await client.follow(newsroom.channel)
  client.socket.send('41')
  client.packets.length = 0
  client.socket.send('40')
  await client.packet('40')
  client.socket.send(`427${JSON.stringify(['follow', { channel: newsroom.channel }])}`)
  await client.packet('437')
})

test('a client is told that it is connected before it asks, and not again when it does', async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const [asks, follows] = [new Bare(t, server.url), new Bare(t, server.url)]
  for (const client of [asks, follows]) await client.packet('40')
  asks.socket.send('40')
  // One whose credentials take their time follows before it asks.
  follows.socket.send(`420${JSON.stringify(['follow', { channel: newsroom.channel }])}`)
  follows.socket.send('40')
  asks.socket.send(`420${JSON.stringify(['follow', { channel: newsroom.channel }])}`)
  for (const client of [asks, follows]) {
    await client.packet('430')
    assert.equal(client.packets.filter((packet) => packet.startsWith('40')).length, 1)
  }
})

test('a client that left the namespace says nothing there', async (t) => {
  const server = await startServer(t)
  const client = new Bare(t, server.url)
  await client.packet('40')
  client.socket.send('41')
  client.socket.send('420["follow",{}]')
  assert.equal(await client.closeCode(), 1000)
})

const wrong: [what: string, said: string | Buffer, code: number][] = [
  ['an event in a namespace that there is not', '42/other,["follow",{}]', 1000],
  ['no packet', 'hello', 1000],
  ['an event that is no JSON', '42[', 1000],
  ['a probe of an upgrade', '2probe', 1000],
  ['something binary', Buffer.from([4, 2]), 1003],
  ['more than any client has reason to', '4'.padEnd(20_000, ' '), 1009],
]
for (const [what, said, code] of wrong) {
  test(`a client that sends ${what} is disconnected`, async (t) => {
    const server = await startServer(t)
    const client = new Bare(t, server.url)
    await client.packet('0')
    const closed = client.closeCode()
    client.socket.send(said)
    assert.equal(await closed, code)
    // It harms nobody.
    assert.equal((await fetch(`${server.url}/health/live`)).status, 200)
  })
}

test('a request that is no good upgrade is answered 400', async (t) => {
  const server = await startServer(t)
  const answer = await upgrade(server, 'Sec-WebSocket-Version: 12')
  assert.match(answer, /^HTTP\/1\.1 4\d\d /)
})

async function upgrade(server: TestServer, version: string): Promise<string> {
  const { hostname, port, host } = new URL(server.url)
  const socket = createConnection({ host: hostname, port: Number(port) })
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: Upgrade', 'Upgrade: websocket', version]
  socket.write(`${[...lines, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='].join('\r\n')}\r\n\r\n`)
  const [chunk] = await once(socket, 'data')
  socket.destroy()
  return String(chunk)
}

const pingMs = 25_000

/** A server of its own, whose clients are visited when the test says so: `visit` pings each of them once. */
async function visiting(t: TestContext): Promise<{ url: string; visit: () => void }> {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const log = await openTestLog(t, redisUrl)
  const hub = new Hub(log, quiet)
  const admission = new Admission(readConfig({}))
  let ids = 0
  const makeId = () => `id-${ids++}`
  const writer = new SliceWriter()
  const websockets = new Websockets({ hub, writer, admission, makeId, logger: quiet, pingMs, compress: true })
  const server = createServer()
  server.on('upgrade', (request, socket, head) => {
    if (!websockets.take(request, head)) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    websockets.close()
    hub.close()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { url: `http://127.0.0.1:${address.port}`, visit: () => t.mock.timers.tick(pingMs) }
}

test('a client that answers pings stays, and one that does not is disconnected', async (t) => {
  const { url, visit } = await visiting(t)
  const [alive, dead] = [new Bare(t, url), new Bare(t, url)]
  for (const client of [alive, dead]) {
    await client.packet('0')
    client.socket.send('40')
    await client.packet('40')
  }
  const ended = dead.closeCode()
  for (let ping = 1; ping <= 4; ping++) {
    alive.packets.length = 0
    visit()
    await alive.packet('2')
    alive.socket.send('3')
    // Its answer is the server's by when this one comes.
    alive.socket.send(`42${ping}["unfollow",{"channel":"war"}]`)
    await alive.packet(`43${ping}`)
    if (ping === 2) await ended
  }
  assert.equal(alive.socket.readyState, WebSocket.OPEN)
})

test('a client that never says that it speaks Socket.IO is disconnected, though it answers pings', async (t) => {
  const { url, visit } = await visiting(t)
  const client = new Bare(t, url)
  await client.packet('0')
  const ended = client.closeCode()
  visit()
  await client.packet('2')
  client.socket.send('3')
  visit()
  await ended
})
