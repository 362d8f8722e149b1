import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { type TestContext } from 'node:test'
import { Forwarder } from '../../src/workers/forward.ts'
import { tempFolder } from '../helpers/server.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function listen(t: TestContext, server: Server, where: { path: string } | { port: number; host: string }) {
  server.listen(where)
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
}

/** A worker that sends all on to another, which is `other`. Gives its address and how often it answered itself. */
async function startPair(t: TestContext, other: Handler | null) {
  const path = join(await tempFolder(), '0.sock')
  if (other !== null) await listen(t, createServer(other), { path })
  const forwarder = new Forwarder()
  t.after(() => forwarder.close())
  const gone: string[] = []
  const front = createServer((asked, answer) => {
    forwarder.forward(path, asked, answer, () => {
      gone.push(asked.url ?? '')
      answer.end('gone')
    })
  })
  await listen(t, front, { port: 0, host: '127.0.0.1' })
  return { url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`, gone }
}

test('a request goes on as it came, but for what is of its connection only, and so does the answer', async (t) => {
  let seen: IncomingMessage | null = null
  const { url, gone } = await startPair(t, (asked, answer) => {
    seen = asked
    answer.writeHead(201, { 'X-Two': ['a', 'b'], Connection: 'close' })
    asked.pipe(answer)
  })
  const headers = { 'X-Forwarded-For': '203.0.113.7', Connection: 'keep-alive, X-Hop', 'X-Hop': '1', TE: 'trailers' }
  const asked = request(`${url}/socket.io/?sid=n.0-a`, { method: 'POST', headers })
  asked.end('a body')
  const [answer] = await once(asked, 'response')
  assert.equal(await text(answer), 'a body')
  assert.deepEqual([answer.statusCode, answer.headers['x-two']], [201, 'a, b'])
  const { method, url: path, headers: got } = seen as unknown as IncomingMessage
  assert.deepEqual([method, path, got['x-forwarded-for']], ['POST', '/socket.io/?sid=n.0-a', '203.0.113.7'])
  assert.deepEqual([got['x-hop'], got['te']], [undefined, undefined])
  assert.deepEqual(gone, [])
})

test("a request's body stays its body on the way: nothing in it is taken for a request", async (t) => {
  const seen: string[] = []
  const { url } = await startPair(t, (asked, answer) => {
    seen.push(asked.url ?? '')
    asked.pipe(answer)
  })
  const hidden = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n'
  for (const framed of [{ 'Transfer-Encoding': 'chunked' }, { 'Content-Length': String(hidden.length) }]) {
    const asked = request(`${url}/1`, { headers: framed })
    asked.end(hidden)
    const [answer] = await once(asked, 'response')
    assert.equal(await text(answer), hidden)
    assert.equal(await (await fetch(`${url}/2`)).text(), '')
  }
  assert.deepEqual(seen, ['/1', '/2', '/1', '/2'])
})

test('where the other worker is not there, it is answered here, and the connection goes on', async (t) => {
  const { url, gone } = await startPair(t, null)
  for (const path of ['/1', '/2']) {
    const answer = await fetch(url + path, { method: 'POST', body: 'x'.repeat(100_000) })
    assert.equal(await answer.text(), 'gone')
  }
  assert.deepEqual(gone, ['/1', '/2'])
})

test('when the client leaves, the request ends at the other worker, too', async (t) => {
  const reached = Promise.withResolvers<ServerResponse>()
  const { url, gone } = await startPair(t, (_asked, answer) => reached.resolve(answer))
  const asked = request(url)
  asked.on('error', () => undefined)
  asked.end()
  const answer = await reached.promise
  const closed = once(answer, 'close')
  asked.destroy()
  await closed
  assert.equal(answer.writableFinished, false)
  assert.deepEqual(gone, [])
})

test('when the other worker ends in the middle of its answer, the client is not told that it was whole', async (t) => {
  const { url } = await startPair(t, (_asked, answer) => {
    answer.write('half of it')
    setImmediate(() => answer.destroy())
  })
  await assert.rejects(fetch(url).then((answer) => answer.text()))
})

test('when the other worker ends before it answers, it is answered here', async (t) => {
  const { url, gone } = await startPair(t, (asked) => asked.socket.destroy())
  assert.equal(await (await fetch(`${url}/1`)).text(), 'gone')
  assert.deepEqual(gone, ['/1'])
})
