import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { io } from 'socket.io-client'
import { testMsMax, waitMsMax } from '../../scripts/setup/test-limits.js'
import { Keys } from '../../src/api/keys.ts'
import { apiKeys } from '../../src/log/keys.ts'
import { commandsNeeded } from '../../src/log/requirements.ts'
import { RedisCluster } from '../faults/redis-cluster.ts'
import { RedisProgram } from '../faults/redis-program.ts'
import { until } from '../faults/until.ts'
import { channelId, content, newChannel, once, openTestLog } from '../helpers/log.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

/** The words of the README's rule, without the command itself: user and permissions. */
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const [, rule = ''] = /^```\nACL SETUSER ([^`]*)```$/m.exec(readme) ?? []
const words = rule.split(/\s+/).filter(Boolean)
const prefix = 'wirecopy'

async function folderFor(t: TestContext, close: () => Promise<unknown>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-permissions-'))
  t.after(async () => {
    await close()
    await rm(folder, { recursive: true, force: true })
  })
  return folder
}

/** A redis-server with the README's user, and what is to be different. */
async function startRedis(t: TestContext, settings: Record<string, string> = {}) {
  const folder = await folderFor(t, () => server.end())
  const server: RedisProgram = await RedisProgram.free({ name: 'redis', folder, settings })
  server.start()
  await server.answers()
  const allow = (...rules: string[]) => server.ask('ACL', 'SETUSER', 'wirecopy', ...rules)
  await server.ask('ACL', 'SETUSER', ...words)
  return { server, allow, url: server.url.replace('://', '://wirecopy:password@') }
}

test('a server whose user of Redis may do what the README names, and no more, does all that it does', async (t) => {
  const { server: redis, url } = await startRedis(t)
  const server = await startServer(t, { REDIS_URL: url, REDIS_PREFIX: prefix })
  const newsroom = await new Newsroom(server).open()
  const { post } = await newsroom.publish({ headline: 'First', tags: ['quay'], keyEvent: true })
  await newsroom.edit(post.id, { headline: 'Second', tags: [] })
  const path = `/v1/channels/${newsroom.channel}`
  const changed = [
    await newsroom.send('PUT', `${path}/posts/${post.id}/pin`, undefined),
    await newsroom.send('PATCH', path, { title: 'Renamed' }),
    await newsroom.send('DELETE', `${path}/posts/${post.id}/pin`, undefined),
  ]
  for (const { status, json } of changed) assert.equal(status, 200, JSON.stringify(json))
  const socket = io(server.url, { forceNew: true, transports: ['websocket'] })
  t.after(() => socket.close())
  assert.equal((await socket.emitWithAck('follow', { channel: newsroom.channel })).ok, true)
  const told = new Promise((resolve) => socket.once('batch', resolve))
  await newsroom.retract(post.id)
  await told
  const reads = ['/v1/channels', `${path}/posts?tag=quay&keyEvents=true`, `${path}/posts`, `/c/${newsroom.channel}`]
  for (const read of [...reads, '/v1/ops/nodes', '/v1/ops/channels', '/metrics', path]) {
    const answer = await fetch(server.url + read, { headers: { authorization: `Bearer ${server.adminKey}` } })
    assert.equal(answer.status, 200, `${read} ${await answer.text()}`)
  }
  await isReady(server, 200)
  await server.close()
  const log = await openTestLog(t, url, { prefix })
  const keys = new Keys(log.redis, apiKeys(prefix))
  const { key, secret } = await keys.make({ name: 'desk', scopes: ['posts:write'], channels: ['*'] })
  assert.deepEqual(
    [(await keys.find(secret)).kind, (await keys.list()).length, await keys.revoke(key.id)],
    ['key', 1, true],
  )
  // Redis keeps what it refused. What the client library says of itself may be refused.
  const refused = await redis.with(async (admin) => (await admin.call('ACL', 'LOG')) as string[][])
  const names = refused.map((entry) => entry[entry.indexOf('object') + 1])
  assert.deepEqual(
    names.filter((name) => name !== 'client|setname' && name !== 'client|setinfo'),
    [],
  )
})

test('in a Cluster it is enough with what finds the slots', async (t) => {
  const folder = await folderFor(t, () => store.close())
  const store: RedisCluster = await RedisCluster.make(folder)
  await store.start()
  const more = ['+cluster|slots', '+cluster|info', '+wait']
  for (const server of store.servers) await server.ask('ACL', 'SETUSER', ...words, ...more)
  const url = store.url.replace('://', '://wirecopy:password@')
  const log = await openTestLog(t, url, { prefix, replicasMin: 1 })
  // Replicas have a second to confirm a write; one that they are too late for is sent again by its key.
  const [channelKey, postKey] = [once(), once()]
  await until('the channel is confirmed', () => log.createChannel(newChannel('war'), channelKey))
  const post = await until('the post is confirmed', () => log.publish(channelId('war'), content('first'), postKey))
  assert.equal(post.version, 1)
  assert.ok((await log.tail.echo(waitMsMax)) >= 0)
  for (const server of store.servers.slice(0, 1)) await server.ask('ACL', 'SETUSER', 'wirecopy', '-xread')
  await assert.rejects(openTestLog(t, url, { prefix }), /may not run XREAD/)
})

test('whatever command its user may not send, the start stops and names it with the rule that allows it', async (t) => {
  const { url, allow } = await startRedis(t)
  for (const name of commandsNeeded) {
    await allow(`-${name}`)
    const expected = {
      message: new RegExp(`may not run ${name.toUpperCase()}\\. Allow it: ACL SETUSER wirecopy \\+${name}$`),
    }
    await assert.rejects(openTestLog(t, url, { prefix }), expected)
    await allow(`+${name}`)
  }
  await allow('-eval', '-evalsha')
  await assert.rejects(openTestLog(t, url, { prefix }), /may not run EVAL, EVALSHA.*\+eval \+evalsha$/)
  await allow('+eval', '+evalsha')
  await assert.rejects(openTestLog(t, url, { prefix, replicasMin: 1 }), /may not run WAIT.*\+wait$/)
  await openTestLog(t, url, { prefix })
})

test('keys that its user may not touch are named, of whatever kind and in whatever partition', async (t) => {
  const { url, allow } = await startRedis(t)
  const cases = [
    { patterns: ['~other:*'], named: 'wirecopy:{0}:' },
    { patterns: ['%R~wirecopy:*'], named: 'wirecopy:{0}:' },
    { patterns: ['%W~wirecopy:*'], named: 'wirecopy:{0}:' },
    {
      patterns: ['~wirecopy:{?}:*', '~wirecopy:{1[0-4]}:*', '~wirecopy:{keys}', '~wirecopy:{ops}:*'],
      named: 'wirecopy:{15}:',
    },
    { patterns: ['~wirecopy:{?}:*', '~wirecopy:{1?}:*', '~wirecopy:{ops}:*'], named: 'wirecopy:{keys}' },
    { patterns: ['~wirecopy:{?}:*', '~wirecopy:{1?}:*', '~wirecopy:{keys}'], named: 'wirecopy:{ops}:processes' },
    {
      patterns: ['~wirecopy:{?}:c:*', '~wirecopy:{1?}:c:*', '~wirecopy:{keys}', '~wirecopy:{ops}:*'],
      named: ':probe:',
    },
    { patterns: ['~wirecopy:*:probe:*', '~wirecopy:{keys}', '~wirecopy:{ops}:*'], named: 'wirecopy:{0}:c:' },
  ]
  for (const { patterns, named } of cases) {
    await allow('resetkeys', ...patterns)
    await assert.rejects(openTestLog(t, url, { prefix }), (error: Error) => {
      const [, keys = '', allowed] = /may not read and write (.*)\. Allow it: (.*)$/.exec(error.message) ?? []
      assert.ok(keys.includes(named), error.message)
      assert.equal(allowed, 'ACL SETUSER wirecopy ~wirecopy:*')
      return true
    })
  }
})

test('a replica, and a node of a Cluster that is named as a server, are told at the start', async (t) => {
  const { server } = await startRedis(t)
  const folder = await folderFor(t, () => replica.end())
  const replica: RedisProgram = await RedisProgram.free({
    name: 'replica',
    folder,
    settings: { replicaof: `127.0.0.1 ${server.port}` },
  })
  replica.start()
  await replica.answers()
  await assert.rejects(openTestLog(t, replica.url), /it is a replica: name its primary/)
  const { server: node } = await startRedis(t, { 'cluster-enabled': 'yes' })
  await assert.rejects(openTestLog(t, node.url), /it is a node of a Cluster: name it by redis\+cluster/)
})

/** Asks until it is ready, or not. */
async function isReady(server: TestServer, status: 200 | 503): Promise<void> {
  await until(`it answers ${status}`, async () => {
    const answer = await fetch(`${server.url}/health/ready`)
    const said = await answer.text()
    if (answer.status !== status) throw new Error(`${answer.status}: ${said}`)
    return true
  })
}

test('a process is not ready while no post could be written, woken or read, and is again after', {
  timeout: testMsMax,
}, async (t) => {
  const { server: redis, url, allow } = await startRedis(t)
  const server = await startServer(t, { REDIS_URL: url, REDIS_PREFIX: prefix })
  const newsroom = await new Newsroom(server).open()
  await isReady(server, 200)
  const troubles = [
    { name: 'scripts', begin: () => allow('-evalsha'), end: () => allow('+evalsha'), writes: false },
    { name: 'rows', begin: () => allow('-hset'), end: () => allow('+hset'), writes: false },
    { name: 'order', begin: () => allow('-zadd'), end: () => allow('+zadd'), writes: false },
    { name: 'wakes', begin: () => allow('-xread'), end: () => allow('+xread'), writes: true },
    { name: 'reads', begin: () => allow('-xrange'), end: () => allow('+xrange'), writes: true },
    {
      name: 'memory',
      begin: () => redis.ask('CONFIG', 'SET', 'maxmemory', '1'),
      end: () => redis.ask('CONFIG', 'SET', 'maxmemory', '0'),
      writes: false,
    },
  ]
  for (const { name, begin, end, writes } of troubles) {
    await begin()
    assert.equal((await newsroom.tryPublish({ headline: name })).status, writes ? 201 : 503, name)
    await isReady(server, 503)
    await end()
    await isReady(server, 200)
    await until('it is published', async () => (await newsroom.tryPublish({ headline: name })).status === 201)
  }
})
