import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import test from 'node:test'
import { io } from 'socket.io-client'
import { testMsMax as timeout } from '../../../scripts/setup/test-limits.js'
import { LongPollClient } from '../../helpers/long-poll.ts'
import { framesIn, maskedFrame, RawConnection, upgradeText } from '../../helpers/raw-connection.ts'
import { startServer } from '../../helpers/server.ts'
import { websocketWays } from '../../helpers/websocket-ways.ts'

const text = 0x81
const close = 0x88

const closes: [what: string, said: string, answer: string][] = [
  ['nothing', '', ''],
  ['the code 1000', '\x03\xe8', '\x03\xe8'],
  ['the code 1001 and a reason', '\x03\xe9gone', '\x03\xe9gone'],
  ['a code of its own, 4999', '\x13\x87', '\x13\x87'],
  ['the code 0', '\x00\x00', '\x03\xea'],
  ['the code 999', '\x03\xe7', '\x03\xea'],
  ['the code 1005, which stands for none', '\x03\xed', '\x03\xea'],
  ['the code 1006, which stands for a lost connection', '\x03\xee', '\x03\xea'],
  ['the code 2000, which has no meaning', '\x07\xd0', '\x03\xea'],
  ['one byte', '\x03', '\x03\xea'],
  ['a reason that is not UTF-8', '\x03\xe8\xff', '\x03\xef'],
]

// One way is served here, the other by Engine.IO and ws: both are held to the same.
for (const [who, open] of Object.entries(websocketWays)) {
  for (const [what, said, answer] of closes) {
    test(`${who} that closes with ${what} is answered as RFC 6455 says`, { timeout }, async (t) => {
      const server = await startServer(t)
      const connection = await open(t, server)
      connection.say(maskedFrame(close, Buffer.from(said, 'latin1')))
      await connection.closed()
      const last = connection.heard.slice(-2 - answer.length)
      assert.equal(last, `\x88${String.fromCharCode(answer.length)}${answer}`)
    })
  }

  test(`${who} that sends a text which is not UTF-8 is closed with 1007`, { timeout }, async (t) => {
    const server = await startServer(t)
    const connection = await open(t, server)
    connection.say(maskedFrame(text, Buffer.from([0x34, 0x32, 0xc3, 0x28])))
    await connection.closed()
    assert.equal(connection.heard.slice(-4), '\x88\x02\x03\xef')
  })

  test(`${who} that asks for a sign of life has one, whether it follows or not`, { timeout }, async (t) => {
    const server = await startServer(t)
    const connection = await open(t, server)
    connection.say(maskedFrame(text, Buffer.from('427["echo"]')))
    await connection.hears(/437\[\{"ok":true\}\]/)
  })

  test(`${who} may split a letter between two frames of a message`, { timeout }, async (t) => {
    const server = await startServer(t)
    const connection = await open(t, server)
    const packet = Buffer.from('420["follow",{"channel":"é"}]')
    const half = packet.indexOf('é') + 1
    connection.say(maskedFrame(0x01, packet.subarray(0, half)))
    connection.say(maskedFrame(0x80, packet.subarray(half)))
    await connection.hears(/430\[\{"ok":false/)
  })

  for (const asked of ['/random', '/random,', '/random?token=1', '/random,{"token":"x"}']) {
    test(`${who} that asks for the namespace ${asked} is told that there is none, by the name that it gave`, {
      timeout,
    }, async (t) => {
      const server = await startServer(t)
      const connection = await open(t, server)
      connection.say(maskedFrame(text, `40${asked}`))
      await connection.hears(/44\//)
      const { text: answer } = framesIn(connection.heard).at(-1) ?? {}
      assert.equal(answer, `44${asked.split(',', 1)[0]},{"message":"Invalid namespace"}`)
    })
  }
}

test('by long polling, the answer for a namespace without its comma is the same', { timeout }, async (t) => {
  const server = await startServer(t)
  const client = await LongPollClient.connected(server.url)
  await client.say('40/random')
  assert.deepEqual(await client.poll(), ['44/random,{"message":"Invalid namespace"}'])
})

for (const transports of [['websocket'], ['polling', 'websocket']]) {
  test(`a stock client that offers subprotocols connects by ${transports.join(', then ')}`, { timeout }, async (t) => {
    const server = await startServer(t)
    const socket = io(server.url, { transports, protocols: ['chat', 'x'], forceNew: true, reconnection: false })
    t.after(() => socket.close())
    const failed = once(socket as unknown as EventEmitter, 'connect_error').then(([error]) => assert.fail(error))
    await Promise.race([once(socket as unknown as EventEmitter, 'connect'), failed])
    const { engine } = socket.io
    if (engine.transport.name !== 'websocket') {
      await Promise.race([once(engine as unknown as EventEmitter, 'upgrade'), failed])
    }
    const { ws } = engine.transport as unknown as { ws: { protocol: string } }
    assert.equal(ws.protocol, 'chat')
  })
}

test('a list of subprotocols that is not valid is refused', { timeout }, async (t) => {
  const server = await startServer(t)
  const connection = await RawConnection.open(t, server.url)
  connection.say(upgradeText(server.url, '', ['Sec-WebSocket-Protocol: x, x']))
  await connection.hears(/^HTTP\/1\.1 400 /)
})

test('a client whose offer of permessage-deflate is not valid goes on without compression', { timeout }, async (t) => {
  const server = await startServer(t)
  const connection = await RawConnection.open(t, server.url)
  const offer = 'permessage-deflate; client_max_window_bits; client_max_window_bits'
  connection.say(upgradeText(server.url, '', [`Sec-WebSocket-Extensions: ${offer}`]))
  await connection.hears(/40\{"sid"/)
  assert.doesNotMatch(connection.heard, /Sec-WebSocket-Extensions/)
})
