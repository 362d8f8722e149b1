import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { Hub } from '../../src/feed/hub.ts'
import { SliceWriter } from '../../src/feed/slice-writer.ts'
import { parseCursor } from '../../src/wire/cursor.ts'
import type { Cursor } from '../../src/wire/scalars.ts'
import { join, TestFollower } from '../helpers/feed-follower.ts'
import { channelId, content, newChannel, once, openTestLog, quiet, redisForFile } from '../helpers/log.ts'

const redisUrl = await redisForFile()

test('a follower whose socket is full is sent nothing, and what it lacks in one piece when it drains', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const hub = new Hub(log, quiet)
  t.after(() => hub.close())
  await log.createChannel(newChannel('war'), once())
  const [fast, slow] = [await join(hub, 'war'), await join(hub, 'war')]
  slow.room = 0
  for (let i = 1; i <= 20; i++) {
    await log.publish(channelId('war'), content(`post ${i}`), once())
    await fast.reaches(i)
  }
  assert.deepEqual([slow.at, hub.counts()[0]?.behind], [0, 1])
  slow.drain()
  await slow.reaches(20)
  assert.deepEqual(slow.batches, [20])
  await log.publish(channelId('war'), content('last'), once())
  await Promise.all([fast.reaches(21), slow.reaches(21)])
  assert.equal(hub.counts()[0]?.behind, 0)
})

test('a follower that takes nothing for a minute is cut off, and one that is current is not', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const hub = new Hub(log, quiet)
  t.after(() => hub.close())
  await log.createChannel(newChannel('war'), once())
  const [fast, stuck] = [await join(hub, 'war'), await join(hub, 'war')]
  stuck.room = 0
  const since = performance.now()
  stuck.stuckSince = since
  await log.publish(channelId('war'), content('post'), once())
  await fast.reaches(1)
  const { feed } = fast
  assert.equal(feed?.cutOffStuck(since + 59_000), 0)
  assert.equal(feed?.cutOffStuck(performance.now() + 61_000), 1)
  assert.deepEqual([fast.cut, stuck.cut], [false, true])
})

test('a follower whose connection takes nothing for a minute is cut off, though it follows anew all the time', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const hub = new Hub(log, quiet)
  t.after(() => hub.close())
  await log.createChannel(newChannel('war'), once())
  const [fast, stuck] = [await join(hub, 'war'), await join(hub, 'war')]
  const since = performance.now()
  stuck.stuckSince = since
  const { feed } = fast
  assert.equal(feed?.cutOffStuck(since + 59_000), 0)
  assert.equal(feed?.cutOffStuck(performance.now() + 61_000), 1)
  assert.deepEqual([fast.cut, stuck.cut], [false, true])
})

test('a follower whose socket fails is cut off, and the others get the batch', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const hub = new Hub(log, quiet)
  t.after(() => hub.close())
  await log.createChannel(newChannel('war'), once())
  const [broken, whole] = [await join(hub, 'war'), await join(hub, 'war')]
  broken.send = () => {
    throw new Error('the socket is gone')
  }
  await log.publish(channelId('war'), content('post'), once())
  await whole.reaches(1)
  assert.deepEqual([broken.cut, whole.cut, hub.counts()[0]?.followers], [true, false, 1])
})

test('a channel that nobody follows is not watched any more', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const hub = new Hub(log, quiet)
  t.after(() => hub.close())
  await log.createChannel(newChannel('war'), once())
  const [one, two] = await Promise.all([join(hub, 'war'), join(hub, 'war')])
  assert.equal(hub.counts()[0]?.followers, 2)
  hub.leave(one)
  hub.leave(one)
  assert.equal(hub.counts()[0]?.followers, 1)
  hub.leave(two)
  assert.deepEqual(hub.counts(), [])
})

test('followers of a log that was lost and born again are told to start over', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const hub = new Hub(log, quiet)
  t.after(() => hub.close())
  await log.createChannel(newChannel('war'), once())
  const follower = await join(hub, 'war')
  await log.publish(channelId('war'), content('post'), once())
  await follower.reaches(1)
  const restarted = new Promise<void>((resolve) => {
    follower.startOver = resolve
  })
  const lost = await log.redis.keys(`${log.prefix}:*:c:war:*`)
  await log.redis.del(...lost)
  await log.createChannel(newChannel('war'), once())
  await restarted
})

const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: 'publish' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'retract' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'join' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('return' as const), who: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), who: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('fill' as const), who: fc.nat(9), room: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('drain' as const), who: fc.nat(9), room: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'settle' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('turn' as const), turns: fc.nat(60) }) },
)

test('however joining, leaving, broadcasts and full sockets fall together, each follower gets each offset once', async (t) => {
  const log = await openTestLog(t, redisUrl)
  // Slices of one, so that retractions come in the middle of broadcasts.
  const hub = new Hub(log, quiet, new SliceWriter(null, 1))
  t.after(() => hub.close())
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const id = `c${randomBytes(6).toString('hex')}`
      const { cursor } = await log.createChannel(newChannel(id), once())
      const epoch = cursor.split(':')[0]
      const followers: TestFollower[] = []
      // Nothing here is waited for, so that the steps run into each other.
      const underWay: Promise<unknown>[] = []
      const joinAs = async (channel: string, after?: Cursor) => {
        followers.push(await join(hub, channel, after))
      }
      const here = (who: number) => followers[who % Math.max(1, followers.length)]
      let published = 0
      const posts: ReturnType<typeof log.publish>[] = []
      for (const step of steps) {
        switch (step.kind) {
          case 'publish': {
            published++
            const post = log.publish(channelId(id), content(`post ${published}`), once())
            posts.push(post)
            underWay.push(post)
            break
          }
          case 'retract': {
            const post = posts.pop()
            if (post === undefined) break
            published++
            underWay.push(post.then(({ item }) => log.retract(channelId(id), item.id, 'It was wrong.', '*', once())))
            break
          }
          case 'join':
            underWay.push(joinAs(id))
            break
          case 'leave': {
            const follower = here(step.who)
            if (follower !== undefined) hub.leave(follower)
            break
          }
          case 'return': {
            const follower = here(step.who)
            if (follower === undefined) break
            hub.leave(follower)
            followers.splice(followers.indexOf(follower), 1)
            underWay.push(joinAs(id, `${epoch}:${follower.at}` as Cursor))
            break
          }
          case 'fill': {
            const follower = here(step.who)
            if (follower !== undefined) follower.room = step.room
            break
          }
          case 'drain':
            here(step.who)?.drain(step.room)
            break
          case 'turn':
            for (let turn = 0; turn < step.turns; turn++) await nextTurn()
            break
          case 'settle':
            await Promise.all(underWay.splice(0))
            break
        }
      }
      await Promise.all(underWay)
      const staying = followers.filter((follower) => follower.feed !== null)
      const back = await Promise.all(staying.map((follower) => join(hub, id, `${epoch}:${follower.at}` as Cursor)))
      for (const follower of staying) follower.drain()
      const inFeed = staying.filter((follower) => follower.feed?.followers.has(follower) === true)
      await Promise.all([...inFeed, ...back].map((follower) => follower.reaches(published)))
      for (const follower of [...staying, ...back]) hub.leave(follower)
    }),
    { numRuns: 60 },
  )
  assert.deepEqual(hub.counts(), [])
})

test('nobody who is to start over is given what was known before his cursor', async (t) => {
  const log = await openTestLog(t, redisUrl, { changesMax: 10 })
  const channel = channelId('back')
  await log.createChannel(newChannel('back'), once())
  const old = await log.snapshot(channel)
  for (let post = 0; post < 30; post++) await log.publish(channel, content(`post ${post}`), once())
  const epoch = parseCursor(old?.cursor ?? '')?.epoch ?? ''
  let known: typeof old = old
  const hub = new Hub({ ...log, snapshot: async () => known }, quiet)
  t.after(() => hub.close())
  const join = async () => await hub.join(channel, `${epoch}:5` as Cursor, (start) => new TestFollower().begin(start))
  await assert.rejects(join, { code: 'unavailable' })
  known = await log.snapshot(channel)
  assert.equal((await join())?.at, 30)
})
