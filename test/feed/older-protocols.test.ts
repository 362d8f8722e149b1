import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RawConnection } from '../helpers/raw-connection.ts'
import { startServer } from '../helpers/server.ts'

/** What a client of Socket.IO 2 asks for first, by each of its transports. */
const requests = {
  polling: ['GET /socket.io/?EIO=3&transport=polling&t=N HTTP/1.1', 'Host: news.example'],
  websocket: [
    'GET /socket.io/?EIO=3&transport=websocket HTTP/1.1',
    'Host: news.example',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ],
} as const

for (const [transport, lines] of Object.entries(requests)) {
  test(`a client of Socket.IO 2 by ${transport} is told that its protocol is not served`, async (t) => {
    const server = await startServer(t)
    const connection = await RawConnection.open(t, server.url)
    connection.say([...lines, '', ''].join('\r\n'))
    const answer = await connection.hears(/\r\n\r\n.*\}/s)
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, transport === 'polling' ? /"message":"Unsupported protocol version"/ : /"code":"bad-request"/)
  })
}
