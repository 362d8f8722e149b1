import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { CodedError } from '../../src/errors.ts'
import { RedisProgram } from '../faults/redis-program.ts'
import { until } from '../faults/until.ts'
import { channelId, content, newChannel, once, openTestLog } from '../helpers/log.ts'

const war = channelId('war')

async function startServer(t: TestContext, name: string, settings: Record<string, string> = {}): Promise<RedisProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-history-'))
  const server = await RedisProgram.free({ name, folder, settings })
  t.after(async () => {
    await server.end()
    await rm(folder, { recursive: true, force: true })
  })
  server.start()
  await server.answers()
  return server
}

async function follows(replica: RedisProgram): Promise<void> {
  await until('the replica follows', async () => /master_link_status:up/.test(await replica.ask('INFO', 'replication')))
}

test('a server that starts again from its append-only file keeps the epoch, however often', async (t) => {
  const server = await startServer(t, 'redis')
  const log = await openTestLog(t, server.url)
  await log.createChannel(newChannel('war'), once())
  const { cursor } = await log.publish(war, content('first'), once())
  for (let i = 0; i < 3; i++) {
    await server.end()
    server.start()
    await until(
      'the log answers',
      async () => (await log.changes(war, { ...(await head()), offset: 0 as never })) !== null,
    )
    assert.equal(`${(await head()).epoch}:1`, cursor)
  }
  const next = await log.publish(war, content('second'), once())
  assert.equal(next.cursor, cursor.replace(/1$/, '2'))

  async function head() {
    const position = await log.head(war)
    assert.ok(position !== null)
    return position
  }
})

test('a server that starts again without an append-only file gives the channel a new epoch', async (t) => {
  const server = await startServer(t, 'redis', { appendonly: 'no' })
  const log = await openTestLog(t, server.url)
  await log.createChannel(newChannel('war'), once())
  await log.publish(war, content('kept'), once())
  await server.ask('SAVE')
  const lost = await log.publish(war, content('lost'), once())
  await server.end()
  server.start()
  await until('the log answers', async () => (await log.head(war)) !== null)
  // Its offset is taken by another change, and its cursor is no longer served.
  const other = await log.publish(war, content('other'), once())
  assert.equal(other.cursor.split(':')[1], lost.cursor.split(':')[1])
  assert.notEqual(other.cursor, lost.cursor)
})

test('a replica that is promoted gives each channel a new epoch, once, and offsets go on', async (t) => {
  const primary = await startServer(t, 'primary')
  const log = await openTestLog(t, primary.url)
  for (const id of ['war', 'quiet']) await log.createChannel(newChannel(id), once())
  const before = await log.publish(war, content('first'), once())
  const replica = await startServer(t, 'replica', { replicaof: `127.0.0.1 ${primary.port}` })
  await follows(replica)
  // What the replica lacks: the primary goes on alone.
  await primary.ask('ACL', 'SETUSER', 'default', '-psync', '-sync')
  await primary.ask('CLIENT', 'KILL', 'TYPE', 'replica')
  const lost = await log.publish(war, content('lost'), once())
  await replica.ask('REPLICAOF', 'NO', 'ONE')

  const promoted = await openTestLog(t, replica.url, { prefix: log.prefix })
  // Whoever touches it first, a writer here, finds the new epoch; nothing is read or written in the old one.
  const after = await promoted.publish(war, content('other'), once())
  const [oldEpoch, newEpoch] = [lost.cursor, after.cursor].map((cursor) => cursor.split(':')[0])
  assert.notEqual(newEpoch, oldEpoch)
  assert.equal(after.cursor, `${newEpoch}:2`)
  const position = { epoch: oldEpoch as never, offset: 2 as never }
  assert.deepEqual(await promoted.changes(war, position), { kind: 'reset', reason: 'epoch' })
  assert.equal((await promoted.publish(war, content('more'), once())).cursor, `${newEpoch}:3`)
  // What was not lost stands, and its repetition is answered in the present epoch.
  assert.equal((await promoted.post(war, before.item.id))?.value.version, 1)
  const quiet = await promoted.head(channelId('quiet'))
  assert.deepEqual(await promoted.head(channelId('quiet')), quiet)
  assert.notEqual(quiet?.epoch, (await log.head(channelId('quiet')))?.epoch)
})

test('a write that is repeated after a failover is one write, answered in the new epoch', async (t) => {
  const primary = await startServer(t, 'primary')
  const replica = await startServer(t, 'replica', { replicaof: `127.0.0.1 ${primary.port}` })
  await follows(replica)
  const log = await openTestLog(t, primary.url, { replicasMin: 1 })
  const [channelKey, key] = [once(), once()]
  await until('the channel is confirmed', () => log.createChannel(newChannel('war'), channelKey))
  const first = await until('the post is confirmed', () => log.publish(war, content('first'), key))
  await replica.ask('REPLICAOF', 'NO', 'ONE')
  const promoted = await openTestLog(t, replica.url, { prefix: log.prefix })
  const again = await promoted.publish(war, content('first'), key)
  assert.equal(again.repeated, true)
  assert.equal(again.item.id, first.item.id)
  const head = await promoted.head(war)
  assert.equal(again.cursor, `${head?.epoch}:1`)
  assert.notEqual(again.cursor, first.cursor)
})

test('a server that became a replica answers nobody, as what it knows may be old', async (t) => {
  const primary = await startServer(t, 'primary')
  const log = await openTestLog(t, primary.url)
  await log.createChannel(newChannel('war'), once())
  await primary.ask('REPLICAOF', '127.0.0.1', '1')
  const unavailable = (error: unknown) => error instanceof CodedError && error.code === 'unavailable'
  await assert.rejects(log.head(war), unavailable)
  await assert.rejects(log.publish(war, content('nowhere'), once()), unavailable)
})

test('a write that too few replicas confirm is not acknowledged, and its repetition is once they do', async (t) => {
  const primary = await startServer(t, 'primary')
  const log = await openTestLog(t, primary.url)
  await log.createChannel(newChannel('war'), once())
  const strict = await openTestLog(t, primary.url, { prefix: log.prefix, replicasMin: 1 })
  const key = once()
  const unconfirmed = { code: 'unavailable', message: /Fewer than 1 replicas confirmed/ }
  await assert.rejects(strict.publish(war, content('first'), key), unconfirmed)
  await assert.rejects(strict.publish(war, content('first'), key), unconfirmed)
  assert.equal(strict.replicas?.failures, 2)
  const replica = await startServer(t, 'replica', { replicaof: `127.0.0.1 ${primary.port}` })
  await follows(replica)
  // A replica that has just synced, or is slow, may confirm only what is sent later.
  const written = await until('the post is confirmed', () => strict.publish(war, content('first'), key))
  assert.equal(written.repeated, true)
  assert.match(written.cursor, /:1$/)
  // A change that is there already is acknowledged as a write is.
  await until('the pin is confirmed', () => strict.pin(war, written.item.id, true, '*', once()))
  await replica.end()
  await assert.rejects(strict.pin(war, written.item.id, true, '*', once()), unconfirmed)
})
