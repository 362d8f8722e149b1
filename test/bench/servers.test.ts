import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchOf, draft, longBytes, publishBody, shortBytes } from '../../scripts/bench/posts.ts'
import { floor } from '../../scripts/bench/servers/floor.ts'
import { nchan } from '../../scripts/bench/servers/nchan.ts'
import { redisStreams, stockSocketIo } from '../../scripts/bench/servers/socket-io.ts'
import { wirecopy } from '../../scripts/bench/servers/wirecopy.ts'
import { Session } from '../../scripts/bench/session.ts'
import { find, nchan as nginx } from '../../scripts/setup/programs.js'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Batch } from '../../src/wire/batch.ts'
import { skip } from './skip.ts'

const followers = 12
const posts = 5

/** Parts of it: each server gives them to all, in whatever it speaks. */
const frameBytes = new Map<string, number>()

for (const kind of [wirecopy, floor, stockSocketIo, redisStreams, nchan]) {
  const lacks = kind === nchan && find(nginx).path === undefined ? 'nginx with Nchan is not on this machine' : skip
  test(`${kind.name} gives each post to each follower once, and what it costs is read`, {
    skip: lacks,
    timeout,
  }, async () => {
    await Session.with(kind, {}, async (session) => {
      await session.connect(followers)
      const { report } = await session.costOf(() => session.publishEach(posts, shortBytes))
      assert.equal(report.deliveries, followers * posts)
      assert.deepEqual([report.gaps, report.repeats, report.lost], [0, 0, 0])
      assert.ok(session.server.pids().length >= 1)
      assert.ok(session.memory().rssKb > 0)
      frameBytes.set(kind.name, report.bytes / report.deliveries)
      if (kind !== floor) assert.notEqual((await session.server.publish(draft(0, shortBytes), 'quiet')).ms, null)
    })
  })
}

test('all servers are given batches of the same size, within a few bytes', { skip }, () => {
  const sizes = [...frameBytes.values()]
  assert.ok(sizes.length >= 4)
  assert.ok(Math.max(...sizes) <= 1.05 * Math.min(...sizes), sizes.join())
})

test('a post has about the bytes that are asked for, and is another one each time', () => {
  for (const bytes of [shortBytes, longBytes]) {
    const bodies = [0, 1, 2].map((number) => publishBody(draft(number, bytes)))
    for (const body of bodies) assert.ok(Math.abs(Buffer.byteLength(body) - bytes) < 20, body)
    assert.equal(new Set(bodies.map((body) => body.replace(/ns=\d+/, ''))).size, 3)
  }
})

test('what peers pass on is a batch of the protocol', () => {
  const batch = Batch.parse(JSON.parse(batchOf('bench', 7, draft(1, shortBytes))))
  assert.deepEqual([batch.from, batch.to, batch.changes.length], [6, 7, 1])
})
