import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { compile, swarmSource } from '../../scripts/bench/compile.ts'
import { draft, publishBody, shortBytes } from '../../scripts/bench/posts.ts'
import { type Speech, Swarm, type SwarmOptions } from '../../scripts/bench/swarm.ts'
import { waitMsMax as msMax } from '../../scripts/setup/test-limits.js'
import { startServer, type TestServer } from '../helpers/server.ts'
import { skip } from './skip.ts'

const followers = 20
const posts = 7
const missed = 3

const speeches: readonly (readonly [string, Speech])[] = [
  ['Socket.IO', { mode: 'socketio', path: '/socket.io/?EIO=4&transport=websocket' }],
  ['server-sent events', { mode: 'sse', path: '/v1/channels/bench/stream' }],
]

async function swarmAt(t: TestContext, port: number, options: Omit<Partial<SwarmOptions>, 'program' | 'port'> = {}) {
  const program = await compile(swarmSource)
  const swarm = new Swarm({ program, port, speech: { mode: 'ws', path: '/' }, channel: 'bench', ...options })
  t.after(() => swarm.close())
  return swarm
}

function portOf(server: TestServer): number {
  return Number(new URL(server.url).port)
}

async function call(server: TestServer, path: string, body: string): Promise<{ cursor: string }> {
  const headers = { authorization: `Bearer ${server.adminKey}`, 'content-type': 'application/json' }
  const response = await fetch(`${server.url}${path}`, { method: 'POST', headers, body })
  assert.equal(response.status, 201)
  return (await response.json()) as { cursor: string }
}

/** Publishes so many posts and gives the offset of the last. */
async function publish(server: TestServer, count: number): Promise<number> {
  let cursor = ''
  for (let i = 0; i < count; i++) {
    const answer = await call(server, '/v1/channels/bench/posts', publishBody(draft(i, shortBytes)))
    cursor = answer.cursor
  }
  return Number(cursor.split(':').at(1))
}

for (const [name, speech] of speeches) {
  test(`by ${name}, each follower is counted to have each post once, and what it missed`, { skip }, async (t) => {
    const server = await startServer(t)
    await call(server, '/v1/channels', JSON.stringify({ id: 'bench', title: 'A channel' }))
    await publish(server, 2)
    const swarm = await swarmAt(t, portOf(server), { speech, processes: 2 })
    assert.equal((await swarm.connect(followers, 0, msMax)).ready, followers)
    await swarm.reset()
    const offset = await publish(server, posts)
    assert.equal((await swarm.until(offset, msMax)).atGoal, followers)
    const live = await swarm.report()
    assert.equal(live.deliveries, followers * posts)
    assert.equal(
      live.latencyUs.reduce((sum, [, count]) => sum + count, 0),
      followers * posts,
    )
    assert.deepEqual([live.offsetMin, live.offsetMax], [offset, offset])
    assert.deepEqual([live.gaps, live.repeats, live.lost, live.refused, live.failed], [0, 0, 0, 0, 0])

    await swarm.reset()
    await swarm.drop()
    const head = await publish(server, missed)
    const back = await swarm.comeBack(head, msMax)
    assert.deepEqual([back.atGoal, back.refused, back.failed], [followers, 0, 0])
    const { replayed, deliveries, gaps, repeats } = await swarm.report()
    assert.deepEqual([replayed + deliveries, gaps, repeats], [followers * missed, 0, 0])
  })
}

/** A server of plain websockets, as the peers are, that says to each follower what it is told to. */
async function websockets(t: TestContext, perMessageDeflate: boolean) {
  const deflate = { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 }
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: perMessageDeflate ? deflate : false,
  })
  await once(server, 'listening')
  t.after(() => server.close())
  const say = (text: string) => {
    for (const client of server.clients) client.send(text)
  }
  return { port: (server.address() as AddressInfo).port, say }
}

function batch(from: number, to: number, text = ''): string {
  const mark = `ns=${BigInt(Date.now()) * 1_000_000n}`
  return JSON.stringify({ channel: 'bench', epoch: 'word', from, to, changes: [{ text: `${mark} ${text}` }] })
}

test('a batch that is left out is a gap, and one that comes again a repeat', { skip }, async (t) => {
  const { port, say } = await websockets(t, false)
  const swarm = await swarmAt(t, port)
  await swarm.connect(followers, 0, msMax)
  for (const [from, to] of [
    [0, 1],
    [1, 2],
    [3, 4],
    [3, 4],
    [4, 6],
  ] as const) {
    say(batch(from, to))
  }
  await swarm.until(6, msMax)
  const { gaps, repeats, deliveries } = await swarm.report()
  assert.deepEqual([gaps, repeats, deliveries], [followers, followers, 5 * followers])
})

test('a log that was born again is a gap, whatever its offsets are', { skip }, async (t) => {
  const { port, say } = await websockets(t, false)
  const swarm = await swarmAt(t, port)
  await swarm.connect(1, 0, msMax)
  say(batch(0, 1))
  say(batch(1, 2).replace('"word"', '"other"'))
  await swarm.until(2, msMax)
  assert.equal((await swarm.report()).gaps, 1)
})

test('deflated batches are read, whatever form the compressor gives them', { skip }, async (t) => {
  const { port, say } = await websockets(t, true)
  const swarm = await swarmAt(t, port, { deflate: true })
  await swarm.connect(followers, 0, msMax)
  const texts = [
    '',
    'the boats reach the quay. '.repeat(200),
    randomBytes(30_000).toString('base64'),
    Array.from({ length: 5_000 }, (_, i) => `${i} of ${i * i}`).join(),
  ]
  await swarm.reset()
  for (const [i, text] of texts.entries()) say(batch(i, i + 1, text))
  assert.equal((await swarm.until(texts.length, msMax)).atGoal, followers)
  const report = await swarm.report()
  assert.deepEqual([report.negotiated, report.deliveries, report.gaps], [followers, followers * texts.length, 0])
  assert.equal(report.deflated, followers * texts.length)
  assert.ok(report.bytes < followers * texts.join('').length)
})

test('followers that are refused, and connections that end, are counted', { skip }, async (t) => {
  const full = createServer((_request, response) => response.writeHead(503).end())
  full.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'))
  full.listen(0, '127.0.0.1')
  await once(full, 'listening')
  t.after(() => full.close())
  const refused = await swarmAt(t, (full.address() as AddressInfo).port)
  const standing = await refused.connect(followers, 0, msMax)
  assert.deepEqual([standing.ready, standing.refused, standing.failed], [0, followers, 0])
})
