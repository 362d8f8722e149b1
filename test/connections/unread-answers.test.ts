import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { noteBody, UnreadAnswers, unreadMsMax } from '../../src/connections/unread-answers.ts'

const megabyte = 1_048_576
/** More than the system takes for a connection on which nothing is read. */
const large = 16 * megabyte

type Answer = (response: ServerResponse) => void

class Site {
  readonly underWay = new Set<ServerResponse>()
  readonly ended: string[] = []
  readonly seenTo = new Set<ServerResponse>()
  readonly answers: UnreadAnswers
  readonly #server = createServer()
  readonly #t: TestContext

  constructor(t: TestContext, bytesMax = 1_000 * megabyte) {
    this.#t = t
    const isSeenTo = (response: ServerResponse) => this.seenTo.has(response)
    const ended = (reason: string) => void this.ended.push(reason)
    this.answers = new UnreadAnswers({ underWay: this.underWay, isSeenTo, ended, bytesMax })
    t.after(() => {
      this.answers.close()
      this.#server.close().closeAllConnections()
    })
  }

  /** A client that is sent this and reads nothing, the server's response, and when the connection has ended. */
  async serve(answer: Answer): Promise<{ client: Socket; response: ServerResponse; closed: Promise<unknown> }> {
    if (!this.#server.listening) await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    const client = connect((this.#server.address() as AddressInfo).port, '127.0.0.1')
    client.on('error', () => undefined)
    this.#t.after(() => client.destroy())
    const asked = once(this.#server, 'request')
    client.write('GET / HTTP/1.1\r\nHost: news.example\r\n\r\n')
    const response = (await asked)[1] as ServerResponse
    this.underWay.add(response)
    const closed = once(response, 'close').then(() => this.underWay.delete(response))
    this.answers.watch(response)
    answer(response)
    return { client, response, closed }
  }
}

const sendLarge: Answer = (response) => response.end(Buffer.alloc(large))

test('an answer of which nothing is taken for the stated time ends its connection', async (t) => {
  const site = new Site(t)
  const { closed } = await site.serve(sendLarge)
  const start = performance.now()
  site.answers.sweep(start + unreadMsMax - 1_000)
  assert.deepEqual(site.ended, [])
  assert.ok(site.answers.waitingBytes >= large)
  site.answers.sweep(start + 2 * unreadMsMax)
  await closed
  assert.deepEqual(site.ended, ['unread'])
  assert.equal(site.answers.waitingBytes, 0)
})

test('a client that takes some of its answer now and then keeps its connection', async (t) => {
  const site = new Site(t)
  const { client, response, closed } = await site.serve(sendLarge)
  let now = performance.now()
  for (let i = 0; i < 3; i++) {
    const handle = (response.socket as unknown as { _handle: { writeQueueSize: number } })._handle
    const before = handle.writeQueueSize
    client.resume()
    while (handle.writeQueueSize === before) await once(client, 'data')
    client.pause()
    now += 2 * unreadMsMax
    site.answers.sweep(now)
  }
  assert.deepEqual(site.ended, [])
  client.resume()
  await closed
  assert.equal(site.answers.waitingBytes, 0)
})

test('an answer that has not begun, one that waits for news, and one that is seen to are left alone', async (t) => {
  const site = new Site(t)
  await site.serve(() => undefined)
  const news = await site.serve((response) => response.write('the first news'))
  await once(news.client, 'data')
  const stream = await site.serve((response) => response.write(Buffer.alloc(large)))
  site.seenTo.add(stream.response)
  const start = performance.now()
  for (const later of [1, 2, 3]) site.answers.sweep(start + later * unreadMsMax)
  assert.deepEqual(site.ended, [])
})

test('an answer that is sent bit by bit is ended as well if nothing is taken', async (t) => {
  const site = new Site(t)
  const { closed } = await site.serve((response) => response.write(Buffer.alloc(large)))
  const start = performance.now()
  for (const later of [1, 2]) site.answers.sweep(start + later * unreadMsMax)
  await closed
  assert.deepEqual(site.ended, ['unread'])
})

test('past the stated bytes those of which nothing is taken for longest are ended', async (t) => {
  const site = new Site(t, 3.5 * large)
  const served = []
  for (let i = 0; i < 6; i++) {
    served.push(await site.serve(sendLarge))
    assert.ok(site.answers.waitingBytes <= 3.5 * large)
  }
  await Promise.all(served.slice(0, 3).map(({ closed }) => closed))
  assert.deepEqual(site.ended, ['answer-bytes', 'answer-bytes', 'answer-bytes'])
  for (const { response } of served.slice(3)) assert.ok(!response.destroyed)
})

test('those that take something stay, and one that came later goes', async (t) => {
  const site = new Site(t, 2.5 * large)
  const reading = await site.serve(sendLarge)
  const stalled = await site.serve(sendLarge)
  const handle = (reading.response.socket as unknown as { _handle: { writeQueueSize: number } })._handle
  const before = handle.writeQueueSize
  reading.client.resume()
  while (handle.writeQueueSize === before) await once(reading.client, 'data')
  reading.client.pause()
  await site.serve(sendLarge)
  await stalled.closed
  assert.ok(!reading.response.destroyed)
})

test('an answer that many are sent counts once, until the last of them has it', async (t) => {
  const site = new Site(t, 2.5 * large)
  const body = Buffer.alloc(large)
  const served = []
  for (let i = 0; i < 20; i++) {
    served.push(
      await site.serve((response) => {
        noteBody(response, body)
        response.end(body)
      }),
    )
  }
  assert.equal(site.answers.waitingBytes, large)
  assert.deepEqual(site.ended, [])
  for (const { client } of served) client.destroy()
  await Promise.all(served.map(({ closed }) => closed))
  assert.equal(site.answers.waitingBytes, 0)
})
