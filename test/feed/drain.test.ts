import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import test from 'node:test'
import { io } from 'socket.io-client'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { drainSpreadMs, drainSpreadMsMax, returnsPerSecondMax } from '../../src/feed/drain.ts'
import type { Steer } from '../../src/wire/events.ts'
import { followFresh } from '../helpers/followers.ts'
import { Newsroom, publishDuring } from '../helpers/newsroom.ts'
import { startNodes } from '../helpers/nodes.ts'
import { startServer } from '../helpers/server.ts'
import type { ClientSocket } from '../helpers/transports.ts'

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
  await Promise.all([server.close(), ...streams.map((stream) => stream.text())])
  for (const [i, reason] of (await Promise.all(ended)).entries()) {
    // One that polls hears of its end by its poll, or, between two polls, by the next one, which is refused.
    const expected = i % 2 === 0 ? ['transport close'] : ['transport close', 'transport error']
    assert.ok(expected.includes(reason), reason)
  }
  assert.deepEqual(told, Array(6).fill({ action: 'reconnect', afterMs: 0, spreadMs: drainSpreadMs(10) }))
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
