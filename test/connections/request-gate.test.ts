import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { RequestGate, waitingPerConnectionMax } from '../../src/connections/request-gate.ts'

/** A server that answers when the test says so. */
class Answering {
  readonly begun: string[] = []
  readonly ended: number[] = []
  tooMany = 0
  readonly #open: [IncomingMessage, ServerResponse][] = []
  readonly #heard = new Set<() => void>()
  readonly #server = createServer((request, response) => {
    this.begun.push(request.url ?? '')
    this.#open.push([request, response])
    for (const hear of this.#heard) hear()
  })
  readonly gate = new RequestGate(this.#server, () => this.tooMany++)

  async connect(t: TestContext): Promise<Socket> {
    if (!this.#server.listening) {
      await once(this.#server.listen(0, '127.0.0.1'), 'listening')
      t.after(() => this.#server.close().closeAllConnections())
    }
    const socket = connect((this.#server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }

  /** The oldest request that is not answered, once there is one. */
  async next(): Promise<[IncomingMessage, ServerResponse]> {
    for (;;) {
      const next = this.#open.shift()
      if (next !== undefined) return next
      await new Promise<void>((resolve) => {
        const hear = () => {
          this.#heard.delete(hear)
          resolve()
        }
        this.#heard.add(hear)
      })
    }
  }
}

function ask(path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: news.example\r\n${more}\r\n`
}

/** All that comes on a connection until it ends. */
async function received(socket: Socket): Promise<string> {
  return Buffer.concat(await socket.toArray()).toString()
}

test('requests of one connection are answered one after the other, in their order', async (t) => {
  const server = new Answering()
  const socket = await server.connect(t)
  const all = received(socket)
  socket.write(ask('/1') + ask('/2', 'Expect: wonders\r\n') + ask('/3', 'Connection: close\r\n'))
  for (const path of ['/1', '/2', '/3']) {
    const [request, response] = await server.next()
    assert.equal(request.url, path)
    assert.equal(server.begun.at(-1), path, 'the next one has not begun')
    assert.equal(server.gate.underWay.size, 1)
    response.end(path)
  }
  assert.deepEqual((await all).match(/\/\d(?=HTTP|$)/g), ['/1', '/2', '/3'])
  assert.equal(server.gate.underWay.size, 0)
})

test('while one connection waits for its answer, others are answered', async (t) => {
  const server = new Answering()
  const [slow, quick] = [await server.connect(t), await server.connect(t)]
  slow.write(ask('/slow'))
  await server.next()
  const all = received(quick)
  quick.write(ask('/quick', 'Connection: close\r\n'))
  const [, response] = await server.next()
  response.end('it')
  assert.match(await all, /it$/)
})

test('with too many requests the connection ends, and nothing more of it is begun', async (t) => {
  const server = new Answering()
  const socket = await server.connect(t)
  const ended = once(socket, 'close')
  socket.write(Array.from({ length: 1_500 }, (_, i) => ask(`/${i}`)).join(''))
  socket.resume()
  const [, response] = await server.next()
  await ended
  response.end('nobody reads this')
  assert.deepEqual(server.begun, ['/0'])
  assert.equal(server.tooMany, 1)
  assert.equal(server.gate.underWay.size, 0)

  // As many as may wait do.
  const other = await server.connect(t)
  const all = received(other)
  other.write(
    [
      ...Array.from({ length: waitingPerConnectionMax }, () => ask('/more')),
      ask('/last', 'Connection: close\r\n'),
    ].join(''),
  )
  for (let i = 0; i <= waitingPerConnectionMax; i++) (await server.next())[1].end()
  assert.equal((await all).match(/^HTTP\/1.1 200 /gm)?.length, 1 + waitingPerConnectionMax)
  assert.equal(server.tooMany, 1)
})

test('after an answer that closes the connection nothing more of it is begun', async (t) => {
  const server = new Answering()
  const socket = await server.connect(t)
  const all = received(socket)
  socket.write(ask('/1') + ask('/2') + ask('/3'))
  const [, response] = await server.next()
  response.setHeader('connection', 'close')
  response.end()
  assert.equal((await all).match(/^HTTP/gm)?.length, 1)
  assert.deepEqual(server.begun, ['/1'])
})

test('a client that leaves while its requests wait leaves nothing behind', async (t) => {
  const server = new Answering()
  const socket = await server.connect(t)
  socket.write(ask('/1') + ask('/2'))
  const [, response] = await server.next()
  const closed = once(response, 'close')
  socket.destroy()
  await closed
  assert.deepEqual(server.begun, ['/1'])
  assert.equal(server.gate.underWay.size, 0)
})
