import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { connect } from 'node:net'
import test from 'node:test'
import fc from 'fast-check'
import { readRequest } from '../../../src/feed/websocket/request.ts'

interface Parsed {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
}

/** What Node's own parser makes of a connection's first bytes: null where it refuses them or waits for more. */
async function byNode(server: Server, bytes: Buffer): Promise<Parsed | null> {
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const parsed = new Promise<Parsed | null>((resolve) => {
    const take = ({ method, url, headers }: Parsed) => resolve({ method, url, headers })
    server.removeAllListeners('upgrade').removeAllListeners('request').removeAllListeners('clientError')
    server.on('upgrade', (request, socket) => {
      take(request)
      socket.destroy()
    })
    server.on('request', (request, response) => {
      take(request)
      response.destroy()
    })
    server.on('clientError', (_, socket) => {
      resolve(null)
      socket.destroy()
    })
  })
  const socket = connect(address.port, '127.0.0.1')
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  // It ends behind them: a request that has not come whole by then never will.
  socket.resume().end(bytes)
  const result = await Promise.race([parsed, closed.then(() => null)])
  socket.destroy()
  return result
}

const character = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...'abcXYZ019-_.~/?=&%;,"'.split('')) },
  { weight: 1, arbitrary: fc.constantFrom(' ', '\t', '\r', '\n', '\0', ':', 'é', '\x7f', '(', '@') },
)
const text = fc.string({ unit: character, maxLength: 12 })
const name = fc.oneof(
  fc.constantFrom(
    'Host',
    'Upgrade',
    'Connection',
    'Sec-WebSocket-Key',
    'Cookie',
    'X-Forwarded-For',
    'host',
    'Set-Cookie',
  ),
  fc.constantFrom('Content-Length', 'Transfer-Encoding', '__proto__', 'constructor', 'Expect'),
  text,
)
const value = fc.oneof(fc.constantFrom('websocket', 'Upgrade', '0', '3', 'chunked', ' a b ', '100-continue', ''), text)
const header = fc
  .tuple(name, fc.constantFrom(':', ': ', ' : ', ':\t', ''), value)
  .map(([key, colon, its]) => `${key}${colon}${its}`)
const request = fc
  .record({
    start: fc.oneof(
      { weight: 5, arbitrary: text.map((path) => `GET /${path} HTTP/1.1`) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('POST / HTTP/1.1', 'GET / HTTP/1.0', 'GET  / HTTP/1.1', 'get / HTTP/1.1'),
      },
    ),
    host: fc.constantFrom(['Host: h'], ['Host: h'], ['Host: h'], []),
    headers: fc.array(header, { maxLength: 5 }),
    end: fc.constantFrom('\r\n\r\n', '\r\n\r\n', '\r\n\r\n', '\r\n', '\n\n', '\r\n\r\nmore'),
  })
  .map(({ start, host, headers, end }) => Buffer.from([start, ...host, ...headers].join('\r\n') + end, 'latin1'))

test("a request that is read here is one that Node's parser reads in the same way", { timeout: 120_000 }, async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  let taken = 0
  await fc.assert(
    fc.asyncProperty(request, async (bytes) => {
      const here = readRequest(bytes)
      if (here === null) return
      taken++
      const there = await byNode(server, bytes)
      assert.ok(there !== null, `only here: ${JSON.stringify(bytes.toString('latin1'))}`)
      assert.deepEqual({ ...here, headers: { ...here.headers } }, { ...there, headers: { ...there.headers } })
    }),
    { numRuns: 10_000 },
  )
  assert.ok(taken > 200, `only ${taken} were read here`)
})

test('a request as browsers send it is read here', () => {
  const lines = [
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
    'Host: live.example:8080',
    'Connection: keep-alive, Upgrade',
    'Pragma: no-cache',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Upgrade: websocket',
    'Origin: https://live.example',
    'Sec-WebSocket-Version: 13',
    'Accept-Encoding: gzip, deflate, br',
    'Accept-Language: de,en-US;q=0.7,en;q=0.3',
    'Cookie: consent="a b"; session=0123456789abcdef',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  ]
  const read = readRequest(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`))
  assert.equal(read?.url, '/socket.io/?EIO=4&transport=websocket')
  assert.equal(Object.keys(read?.headers ?? {}).length, lines.length - 1)
  assert.equal(read?.headers['cookie'], 'consent="a b"; session=0123456789abcdef')
})
