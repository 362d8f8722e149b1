import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import test, { type TestContext } from 'node:test'
import { io } from 'socket.io-client'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { readConfig } from '../../src/config.ts'
import { Admission } from '../../src/feed/admission.ts'
import { drainSpreadMs, drainSpreadMsMax, returnsPerSecondMax } from '../../src/feed/drain.ts'
import { Hub } from '../../src/feed/hub.ts'
import { SliceWriter } from '../../src/feed/slice-writer.ts'
import { type SocketFeed, serveSockets } from '../../src/feed/sockets.ts'
import { asksForWebsocket } from '../../src/feed/upgrades.ts'
import { makeApp } from '../../src/http.ts'
import type { Steer } from '../../src/wire/events.ts'
import { followFresh } from '../helpers/followers.ts'
import { openTestLog, quiet, redisForFile } from '../helpers/log.ts'
import { LongPollClient } from '../helpers/long-poll.ts'
import { Newsroom, publishDuring } from '../helpers/newsroom.ts'
import { startNodes } from '../helpers/nodes.ts'
import { framesIn, maskedFrame, RawConnection } from '../helpers/raw-connection.ts'
import { startServer } from '../helpers/server.ts'
import type { ClientSocket } from '../helpers/transports.ts'
import { websocketWays } from '../helpers/websocket-ways.ts'

const redisUrl = await redisForFile()
/** The first byte of a text message that is one frame. */
const text = 0x81

test('followers come back no faster than the stated rate, within a bound, and nobody is waited for in vain', () => {
  assert.equal(drainSpreadMs(0), 0)
  for (const connections of [1, 10, 999, 2_000, 20_000]) {
    assert.ok(connections / (drainSpreadMs(connections) / 1_000) <= returnsPerSecondMax, String(connections))
  }
  assert.equal(drainSpreadMs(10_000_000), drainSpreadMsMax)
})

test('all are told how widely to spread, then each connection ends as one that stock clients come back from', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const sockets = Array.from({ length: 6 }, (_, i): ClientSocket => {
    const transports = [i % 2 === 0 ? 'websocket' : 'polling']
    const socket: ClientSocket = io(server.url, { forceNew: true, reconnection: false, transports })
    t.after(() => socket.close())
    return socket
  })
  for (const socket of sockets) {
    assert.equal((await socket.emitWithAck('follow', { channel: newsroom.channel } as never)).ok, true)
  }
  const told: Steer[] = []
  const ended = sockets.map(async (socket) => {
    socket.on('steer', (steer) => told.push(steer))
    const [reason] = await once(socket as unknown as EventEmitter, 'disconnect')
    return reason
  })
  const streams = await Promise.all(
    Array.from({ length: 4 }, () => fetch(`${server.url}/v1/channels/${newsroom.channel}/stream`)),
  )
  await Promise.all([server.close(), ...streams.map((stream) => assert.rejects(stream.text(), /terminated/))])
  for (const [i, reason] of (await Promise.all(ended)).entries()) {
    // One that polls hears of its end by its poll, or, between two polls, by the next one: both are refused.
    assert.equal(reason, i % 2 === 0 ? 'transport close' : 'transport error')
  }
  assert.deepEqual(told, Array(6).fill({ action: 'reconnect', afterMs: 0, spreadMs: drainSpreadMs(10) }))
})

const farewells = ['1', '41', '41/']

for (const [who, open] of Object.entries(websocketWays)) {
  test(`the connection of ${who} ends without a farewell, after what was written to it`, { timeout }, async (t) => {
    const server = await startServer(t)
    const newsroom = await new Newsroom(server).open()
    const connection = await open(t, server)
    connection.say(maskedFrame(text, `420["follow",{"channel":"${newsroom.channel}"}]`))
    await connection.hears(/430\[\{"ok":true/)
    const { post } = await newsroom.publish({ headline: 'The last one here' })
    await connection.hears(new RegExp(post.id))
    await Promise.all([server.close(), connection.closed()])
    const frames = framesIn(connection.heard)
    assert.deepEqual(new Set(frames.map(({ opcode }) => opcode)), new Set([1]), 'there is no Close frame')
    const packets = frames.map((frame) => frame.text)
    assert.deepEqual(
      packets.filter((packet) => farewells.includes(packet)),
      [],
    )
    assert.match(packets.at(-1) ?? '', /^42\["steer"/)
  })

  test(`${who} that leaves its end of the connection open keeps no process`, { timeout }, async (t) => {
    const server = await startServer(t)
    const connection = await open(t, server)
    connection.socket.pause()
    await server.close()
  })
}

test('a client of long polling is told nothing of its end: its poll is answered as one of an unknown session', {
  timeout,
}, async (t) => {
  const { url, sockets } = await serving(t)
  // Some have a poll open when their connection ends, and some are between two polls.
  const clients = await Promise.all(Array.from({ length: 20 }, () => LongPollClient.connected(url)))
  const ends = clients.map(async (client) => {
    const packets: string[] = []
    for (;;) {
      const { status, text: answer } = await client.tryPoll()
      if (status !== 200) return { status, answer, packets }
      packets.push(...answer.split('\x1e'))
    }
  })
  await sockets.drain(10)
  for (const { status, answer, packets } of await Promise.all(ends)) {
    assert.equal(`${status} ${answer}`, '400 {"code":1,"message":"Session ID unknown"}')
    assert.deepEqual(
      packets.map((packet) => packet.slice(0, 9)),
      ['42["steer'],
    )
  }
})

/** Sockets on a server that goes on when they are drained. */
async function serving(t: TestContext): Promise<{ readonly url: string; readonly sockets: SocketFeed }> {
  const config = readConfig({ RATE_LIMIT: 'off' })
  const hub = new Hub(await openTestLog(t, redisUrl), quiet)
  const app = makeApp(config, quiet, asksForWebsocket)
  let ids = 0
  const sockets = serveSockets(app, {
    hub,
    writer: new SliceWriter(),
    admission: new Admission(config),
    config,
    makeId: () => `id-${ids++}`,
    logger: quiet,
  })
  t.after(async () => {
    sockets.close()
    hub.close()
    await app.close()
  })
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), sockets }
}

test('a stream ends without the last chunk of its answer, which some clients take for a farewell', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const connection = await RawConnection.open(t, server.url)
  connection.say(`GET /v1/channels/${newsroom.channel}/stream HTTP/1.1\r\nHost: h\r\n\r\n`)
  await connection.hears(/event: snapshot/)
  const { post } = await newsroom.publish({ headline: 'The last one here' })
  await connection.hears(new RegExp(post.id))
  await Promise.all([server.close(), connection.closed()])
  assert.match(connection.heard, new RegExp(`event: batch\n.*\n.*${post.id}.*\n\n\r\n$`))
})

test('a follower that left before its turn holds nothing up', { timeout }, async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const follower = await followFresh(t, server, newsroom.channel, 'websocket only')
  follower.socket.on('steer', () => follower.leave())
  await server.close()
})

test('what is published on another node meanwhile reaches those who are sent away, before or after', {
  timeout,
}, async (t) => {
  const { a, b } = await startNodes(t)
  const newsroom = await new Newsroom(b).open()
  const names = ['websocket only', 'long polling only', 'event stream'] as const
  const followers = await Promise.all(names.map((name) => followFresh(t, a, newsroom.channel, name)))
  await publishDuring([newsroom], async () => {
    await Promise.all(followers.map((follower) => follower.until('some posts', () => follower.batches.length > 3)))
    await a.close()
  })
  for (const [i, follower] of followers.entries()) {
    follower.leave()
    await follower.follow(b, names[i] ?? 'websocket only')
    await follower.assertWhole(newsroom)
    assert.deepEqual(follower.beginnings, ['snapshot', 'batch'])
  }
})
