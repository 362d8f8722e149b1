import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { Door } from '../../../src/feed/websocket/door.ts'

interface House {
  readonly door: Door
  /** Addresses that were asked for at the door. */
  readonly asked: readonly string[]
  /** A connection to it, on which nothing has been said. */
  readonly visit: (allowHalfOpen?: boolean) => Promise<Visitor>
}

class Visitor {
  readonly socket: Socket
  #heard = ''
  #wake: () => void = () => undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.#heard += String(chunk)
      this.#wake()
    })
    socket.on('error', () => undefined)
  }

  /** All that was heard, once that matches. */
  async hears(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#heard)) {
      await new Promise<void>((wake) => {
        this.#wake = wake
      })
    }
    return this.#heard
  }

  async left(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close')
  }
}

/** An HTTP server that says what it was asked, behind a door that takes websockets for `/mine`. */
async function house(t: TestContext, headersTimeout = 60_000, sweepEveryMs?: number): Promise<House> {
  const server = createServer({ headersTimeout }, (request, response) => {
    request.resume().once('end', () => response.end(`answer to ${request.method} ${request.url}`))
  })
  server.on('upgrade', (request, socket) => socket.end(`late for ${request.url}`))
  const asked: string[] = []
  const take = ({ url, headers, socket }: { url: string; headers: object; socket: Socket }) => {
    asked.push(url)
    if (url !== '/mine' || !('upgrade' in headers)) return false
    socket.end('taken at the door')
    return true
  }
  const door = new Door(server, take, sweepEveryMs)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    door.close()
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return {
    door,
    asked,
    visit: async (allowHalfOpen = false) => {
      const address = server.address()
      assert.ok(address !== null && typeof address === 'object')
      const socket = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen })
      const accepted = once(server, 'connection')
      await Promise.all([once(socket, 'connect'), accepted])
      t.after(() => socket.destroy())
      return new Visitor(socket)
    },
  }
}

const upgrade = (url: string) => `GET ${url} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
const get = (url: string) => `GET ${url} HTTP/1.1\r\nHost: h\r\n\r\n`

test('a websocket is taken at the door', async (t) => {
  const visitor = await (await house(t)).visit()
  visitor.socket.write(upgrade('/mine'))
  await visitor.hears(/^taken at the door$/)
})

test('whoever was taken and is sent away has had his say', async (t) => {
  const { asked, visit } = await house(t)
  const visitor = await visit(true)
  visitor.socket.write(upgrade('/mine'))
  await visitor.hears(/^taken at the door$/)
  visitor.socket.end(upgrade('/mine?again'))
  await visitor.left()
  assert.deepEqual(asked, ['/mine'])
})

test("one that comes in pieces, or is somebody else's, goes on to the HTTP server", async (t) => {
  const { visit } = await house(t)
  const [pieces, other] = [await visit(), await visit()]
  pieces.socket.setNoDelay(true)
  const text = upgrade('/mine')
  pieces.socket.write(text.slice(0, 20))
  // The first piece has been read once whoever came later is answered.
  other.socket.write(upgrade('/other'))
  await other.hears(/^late for \/other$/)
  pieces.socket.write(text.slice(20))
  await pieces.hears(/^late for \/mine$/)
})

test('requests are answered one after the other on one connection, and those that come together as well', async (t) => {
  const visitor = await (await house(t)).visit()
  visitor.socket.write(get('/1'))
  await visitor.hears(/answer to GET \/1/)
  visitor.socket.write(get('/2') + get('/3'))
  await visitor.hears(/answer to GET \/2[\s\S]*answer to GET \/3/)
  visitor.socket.write(`POST /4 HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`)
  await visitor.hears(/answer to POST \/4/)
})

test('a first request with a body, in many chunks, is read whole', async (t) => {
  const visitor = await (await house(t)).visit()
  visitor.socket.write(`POST /long HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1_000_000)}`)
  await visitor.hears(/answer to POST \/long/)
})

test('what is no request is answered 400', async (t) => {
  const visitor = await (await house(t)).visit()
  visitor.socket.write('hello\r\n\r\n')
  await visitor.hears(/^HTTP\/1\.1 400 /)
  await visitor.left()
})

test('a connection on which nothing comes is ended after as long as a request may take', async (t) => {
  const { visit } = await house(t, 50, 20)
  await (await visit()).left()
})

test('once the door has closed, all are the HTTP server’s, who came before and said nothing yet as well', async (t) => {
  const { door, visit } = await house(t)
  const before = await visit()
  door.close()
  const after = await visit()
  for (const visitor of [before, after]) {
    visitor.socket.write(upgrade('/mine'))
    await visitor.hears(/^late for \/mine$/)
  }
})

test('who leaves without a word is let go', async (t) => {
  const { visit } = await house(t)
  const [ends, resets] = [await visit(), await visit()]
  ends.socket.end()
  resets.socket.resetAndDestroy()
  await Promise.all([ends.left(), resets.left()])
})
