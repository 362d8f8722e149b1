import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import test, { type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { io } from 'socket.io-client'
import WebSocket from 'ws'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import type { FollowAnswer } from '../../src/wire/events.ts'
import { limits } from '../../src/wire/limits.ts'
import { Problem } from '../../src/wire/problem.ts'
import { until } from '../faults/until.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { RawSocketClient } from '../helpers/raw-websocket.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import type { ClientSocket } from '../helpers/transports.ts'

const pollingPath = '/socket.io/?EIO=4&transport=polling'
const websocketPath = '/socket.io/?EIO=4&transport=websocket'
const secret = 'Quenzaltine'

type Headers = Readonly<Record<string, string>>

function connect(t: TestContext, server: TestServer, transport: 'websocket' | 'polling', extraHeaders: Headers = {}) {
  const options = { forceNew: true, reconnection: false, transports: [transport], extraHeaders }
  const socket: ClientSocket = io(server.url, options)
  t.after(() => socket.close())
  return socket
}

async function connected(t: TestContext, server: TestServer, ...how: ['websocket' | 'polling', Headers?]) {
  const socket = connect(t, server, ...how)
  await new Promise<void>((resolve, reject) => socket.on('connect', resolve).on('connect_error', reject))
  return socket
}

/** Opens a stream. The answer, and what ends it. */
async function openStream(t: TestContext, newsroom: Newsroom, headers: Headers = {}) {
  const stop = new AbortController()
  t.after(() => stop.abort())
  const response = await fetch(`${newsroom.url}/v1/channels/${newsroom.channel}/stream`, {
    headers,
    signal: stop.signal,
  })
  return { response, leave: () => stop.abort() }
}

/** What a websocket that is refused is answered, below Socket.IO. */
async function refusedUpgrade(server: TestServer, headers: Headers = {}): Promise<IncomingMessage> {
  const websocket = new WebSocket(server.url.replace('http', 'ws') + websocketPath, { headers })
  websocket.on('error', () => undefined)
  const [, response] = await once(websocket, 'unexpected-response')
  return response
}

async function assertRefused(answer: Response | IncomingMessage, status: number, code: string): Promise<void> {
  const [got, type, retryAfter, text] =
    answer instanceof Response
      ? [answer.status, answer.headers.get('content-type'), answer.headers.get('retry-after'), await answer.text()]
      : [
          answer.statusCode,
          answer.headers['content-type'],
          answer.headers['retry-after'],
          Buffer.concat(await answer.toArray()).toString(),
        ]
  assert.equal(got, status, text)
  assert.match(type ?? '', /^application\/problem\+json/)
  assert.ok(Number(retryAfter) > 0)
  assert.equal(Problem.parse(JSON.parse(text)).code, code)
}

async function refusals(server: TestServer, reason: string): Promise<number> {
  return await metric(server, `wirecopy_refused_total\\{reason="${reason}"\\}`)
}

async function metric(server: TestServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)
  assert.ok(found, text)
  return Number(found[1])
}

test('past the cap on connections every transport is refused with 503, and one that leaves makes room', {
  timeout,
}, async (t) => {
  const server = await startServer(t, { CONNECTIONS_MAX: '3' })
  const newsroom = await new Newsroom(server).open()
  const stream = await openStream(t, newsroom)
  assert.equal(stream.response.status, 200)
  const polling = await connected(t, server, 'polling')
  const websocket = await connected(t, server, 'websocket')

  await assertRefused((await openStream(t, newsroom)).response, 503, 'overloaded')
  const handshake = await fetch(server.url + pollingPath, { headers: { origin: 'https://news.example' } })
  assert.equal(handshake.headers.get('access-control-allow-origin'), '*')
  await assertRefused(handshake, 503, 'overloaded')
  await assertRefused(await refusedUpgrade(server), 503, 'overloaded')
  const [error] = await once(connect(t, server, 'websocket') as unknown as EventEmitter, 'connect_error')
  assert.ok(error instanceof Error)
  assert.equal(await refusals(server, 'connections'), 4)

  // Those who are in go on, and what is no connection of a follower is answered.
  assert.equal((await polling.emitWithAck('follow', { channel: newsroom.channel } as never)).ok, true)
  await newsroom.publish({ headline: 'Still here' })

  stream.leave()
  await until('a stream has room', async () => {
    const again = await openStream(t, newsroom)
    again.leave()
    return again.response.status === 200
  })
  websocket.close()
  await until('a socket has room', () => connected(t, server, 'polling'))
})

test('past the cap on its connections an address is refused with 429, and others are not', { timeout }, async (t) => {
  const server = await startServer(t, { RATE_LIMIT: 'on', TRUST_PROXY: '1', CONNECTIONS_PER_ADDRESS_MAX: '1' })
  const newsroom = await new Newsroom(server).open()
  // What is left of the proxy's own entry is the client's to write.
  const crowd = { 'x-forwarded-for': '198.51.100.1, 203.0.113.7' }
  const other = { 'x-forwarded-for': '198.51.100.1, 203.0.113.8' }
  assert.equal((await openStream(t, newsroom, crowd)).response.status, 200)
  await assertRefused((await openStream(t, newsroom, crowd)).response, 429, 'too-many-connections')
  await assertRefused(await fetch(server.url + pollingPath, { headers: crowd }), 429, 'too-many-connections')
  await assertRefused(await refusedUpgrade(server, crowd), 429, 'too-many-connections')
  assert.equal(await refusals(server, 'address'), 3)

  await connected(t, server, 'polling', other)
  await assertRefused((await openStream(t, newsroom, other)).response, 429, 'too-many-connections')
})

test('what a client says of its address counts only behind a proxy that is trusted', { timeout }, async (t) => {
  const server = await startServer(t, { RATE_LIMIT: 'on', CONNECTIONS_PER_ADDRESS_MAX: '1' })
  const newsroom = await new Newsroom(server).open()
  assert.equal((await openStream(t, newsroom, { 'x-forwarded-for': '203.0.113.7' })).response.status, 200)
  const second = await openStream(t, newsroom, { 'x-forwarded-for': '203.0.113.8' })
  await assertRefused(second.response, 429, 'too-many-connections')
})

test('where rates are not limited, one address may have all connections', { timeout }, async (t) => {
  const server = await startServer(t, { RATE_LIMIT: 'off', CONNECTIONS_PER_ADDRESS_MAX: '1' })
  const newsroom = await new Newsroom(server).open()
  for (let i = 0; i < 3; i++) assert.equal((await openStream(t, newsroom)).response.status, 200)
})

test('a connection may follow all its channels at once; more events in a burst are refused, the connection stays', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const newsrooms: Newsroom[] = []
  for (let i = 0; i < limits.followedPerConnectionMax; i++) newsrooms.push(await new Newsroom(server).open())
  const socket = await connected(t, server, 'websocket')
  const follow = ({ channel }: Newsroom): Promise<FollowAnswer> => socket.emitWithAck('follow', { channel } as never)
  for (const answer of await Promise.all(newsrooms.map(follow))) assert.equal(answer.ok, true)

  const [first] = newsrooms
  assert.ok(first !== undefined)
  const answers = await Promise.all(Array.from({ length: 100 }, () => follow(first)))
  const codes = answers.map((answer) => (answer.ok ? 'ok' : answer.error.code))
  assert.ok(codes.includes('too-many-requests'), codes.join())
  assert.equal(await refusals(server, 'events'), codes.filter((code) => code === 'too-many-requests').length)
  const refused = answers.find((answer) => !answer.ok && answer.error.code === 'too-many-requests')
  assert.ok(refused !== undefined && !refused.ok)
  assert.ok(Number(refused.error['retryAfterMs']) > 0)
  assert.ok(socket.connected)
  // It is let through again with time, if it comes as often as it is told to.
  for (let answer = await follow(first); !answer.ok; answer = await follow(first)) {
    await delay(Number(answer.error['retryAfterMs']))
  }
})

test('a connection that follows again and again and does not read has one answer on its way, and then what is so', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const text = 'x'.repeat(limits.bodyCharsMax / 2)
  for (let i = 0; i < 20; i++) await newsroom.publish({ body: { text } })
  const { post } = await newsroom.publish({ body: { text: secret } })
  const reading = await connected(t, server, 'websocket')
  const stuck = await RawSocketClient.open(server.url)
  stuck.stopReading()
  let asked = 0
  const ask = async () => {
    assert.ok(++asked < limits.eventsBurstMax, 'the system took all')
    stuck.follow({ channel: newsroom.channel })
    // Its follow came first, so it has been looked at when this one is answered.
    assert.equal((await reading.emitWithAck('follow', { channel: newsroom.channel } as never)).ok, true)
  }
  // The system takes some; then something waits, and nothing is added to it.
  while ((await metric(server, 'wirecopy_waiting_bytes')) === 0) await ask()
  for (let i = 0; i < 5; i++) await ask()
  const waiting = await metric(server, 'wirecopy_waiting_bytes')
  assert.ok(waiting <= 2 * limits.batchBytesMax, `${waiting} bytes wait`)
  await newsroom.retract(post.id)

  const answers: FollowAnswer[] = []
  const last = new Promise<void>((resolve) => {
    stuck.onEvent = (name, value) => {
      if (name === 'answer' && answers.push(value as FollowAnswer) === asked) resolve()
    }
  })
  stuck.readAgain()
  await last
  const final = answers.at(-1)
  assert.ok(final?.ok === true && 'snapshot' in final)
  assert.ok(!JSON.stringify(final).includes(secret))
  // It would not answer the server's goodbye.
  stuck.close()
})

test('answers to follow are bounded in bytes: a channel that is followed again and again is refused', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const text = 'x'.repeat(limits.bodyCharsMax - 100)
  for (let i = 0; i < 16; i++) await newsroom.publish({ body: { text } })
  const socket = await connected(t, server, 'websocket')
  const follow = (): Promise<FollowAnswer> => socket.emitWithAck('follow', { channel: newsroom.channel } as never)
  let answer = await follow()
  // On a slow machine more of them are needed, and a slow one may send more: events fill up again as bytes do.
  for (let asked = 1; answer.ok && asked < 10 * limits.eventsBurstMax; asked++) answer = await follow()
  assert.ok(!answer.ok)
  assert.match(answer.error.detail, /sent what it asked for again and again/)
  assert.ok(Number(answer.error['retryAfterMs']) > 0)
  assert.ok(socket.connected)
})

test('a connection that floods the server is closed', { timeout }, async (t) => {
  const server = await startServer(t)
  const socket = await connected(t, server, 'websocket')
  const closed = once(socket as unknown as EventEmitter, 'disconnect')
  for (let i = 0; i < 2 * limits.messagesBurstMax; i++) socket.emit('unfollow', { channel: 'war' } as never, () => 0)
  assert.deepEqual((await closed)[0], 'transport close')
  assert.equal(await refusals(server, 'flood'), 1)
})
