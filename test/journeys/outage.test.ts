import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Redis } from 'ioredis'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { startEmbeddedRedis } from '../../src/log/embedded.ts'
import { until } from '../faults/until.ts'
import { followFresh } from '../helpers/followers.ts'
import { quiet } from '../helpers/log.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

/** A server whose Redis the test can stop in its tracks and let go on. */
async function startWithRedis(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-outage-'))
  const redis = await startEmbeddedRedis(folder, quiet)
  const client = new Redis({ path: decodeURI(new URL(redis.url).pathname) })
  const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1])
  client.disconnect()
  // Hooks run in the order in which they were made: a server that closes must find its Redis going on.
  t.after(() => process.kill(pid, 'SIGCONT'))
  const server = await startServer(t, { REDIS_URL: redis.url })
  t.after(async () => {
    await redis.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { server, pause: () => process.kill(pid, 'SIGSTOP'), resume: () => process.kill(pid, 'SIGCONT') }
}

async function read(server: TestServer, path: string) {
  const answer = await fetch(server.url + path)
  return { status: answer.status, stale: answer.headers.get('wirecopy-stale-ms'), text: await answer.text() }
}

test('while Redis does not answer, publishers are told so and readers get what was last known', {
  timeout,
}, async (t) => {
  const { server, pause, resume } = await startWithRedis(t)
  const newsroom = await new Newsroom(server).open()
  const followers = await Promise.all(
    (['websocket only', 'stock socket', 'event stream'] as const).map((name) =>
      followFresh(t, server, newsroom.channel, name),
    ),
  )
  let disconnects = 0
  for (const follower of followers.slice(0, 2)) follower.socket.on('disconnect', () => disconnects++)
  const { post, cursor } = await newsroom.publish({ headline: 'Known before' })
  await Promise.all(followers.map((follower) => follower.reach(cursor)))
  const channel = `/v1/channels/${newsroom.channel}`
  // The feed reads the snapshot ahead; the others are known once somebody has asked.
  const known = [`${channel}/posts`, '/v1/channels', '/', `/c/${newsroom.channel}`, channel]
  for (const path of known) await until(`${path} is known`, async () => (await read(server, path)).stale === null)

  pause()
  const refused = await newsroom.tryPublish({ headline: 'Too early' }, { 'idempotency-key': 'again' })
  assert.deepEqual([refused.status, refused.json.code], [503, 'unavailable'])
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  const paths = [...known, `${channel}/posts/${post.id}`, `/c/${newsroom.channel}/p/${post.id}`]
  const answers = await Promise.all(paths.map(async (path) => ({ path, ...(await read(server, path)) })))
  for (const { path, status, stale, text } of answers) {
    assert.equal(status, 200, path)
    assert.ok(Number(stale) > 0, `${path} says how old it is`)
    if (!path.endsWith('channels') && path !== '/') assert.match(text, /Known before/, path)
  }
  assert.equal((await read(server, `${channel}/changes?after=${cursor}`)).status, 503)

  resume()
  // The write that was refused may have been made; its key makes one of the two.
  const again = await until('the write is not refused any more', async () => {
    const answer = await newsroom.tryPublish({ headline: 'Too early' }, { 'idempotency-key': 'again' })
    return answer.status !== 503 && answer
  })
  assert.equal(again.status, 201)
  await Promise.all(followers.map((follower) => follower.reach(again.json.cursor)))
  for (const follower of followers) await follower.assertWhole(newsroom)
  assert.equal(disconnects, 0)
  await until('what is read is fresh again', async () => (await read(server, channel)).stale === null)
})

test('of a channel that is followed the last known answer has all that its followers have, read by nobody', {
  timeout,
}, async (t) => {
  const { server, pause } = await startWithRedis(t)
  const newsroom = await new Newsroom(server).open()
  const follower = await followFresh(t, server, newsroom.channel, 'websocket only')
  const { post } = await newsroom.publish({ headline: 'A secret' })
  await newsroom.publish({ headline: 'Known before' })
  const { cursor } = await newsroom.retract(post.id)
  await follower.reach(cursor)
  pause()
  const { status, stale, text } = await read(server, `/v1/channels/${newsroom.channel}`)
  assert.equal(status, 200)
  assert.ok(Number(stale) > 0)
  assert.match(text, /Known before/)
  assert.doesNotMatch(text, /A secret/)
  assert.equal(JSON.parse(text).cursor, cursor)
})

test('what was last known is not given again where it is known to be overtaken', { timeout }, async (t) => {
  const { server, pause } = await startWithRedis(t)
  const newsroom = await new Newsroom(server).open()
  const { post } = await newsroom.publish({ headline: 'A secret' })
  const channel = `/v1/channels/${newsroom.channel}`
  const paths = [channel, `${channel}/posts`, `${channel}/posts/${post.id}`, `/c/${newsroom.channel}`]
  for (const path of paths) assert.match((await read(server, path)).text, /secret/, path)
  await newsroom.retract(post.id)
  pause()
  const answers = await Promise.all(paths.map((path) => read(server, path)))
  for (const [i, { status, text }] of answers.entries()) {
    assert.equal(status, 503, paths[i])
    assert.doesNotMatch(text, /secret/, paths[i])
  }
})
