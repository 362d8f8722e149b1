import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once as event } from 'node:events'
import { chmod, chown, mkdir, realpath, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'node:test'
import { Redis } from 'ioredis'
import { findEmbeddedRedis, startEmbeddedRedis } from '../../src/log/embedded.ts'
import { until } from '../faults/until.ts'
import { quiet } from '../helpers/log.ts'
import { tempFolder } from '../helpers/server.ts'

async function command<T>(url: string, run: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ path: decodeURI(new URL(url).pathname) })
  try {
    return await run(redis)
  } finally {
    redis.disconnect()
  }
}

test('what was written is there after a stop and a start', async (t) => {
  const folder = await tempFolder()
  const first = await startEmbeddedRedis(folder, quiet)
  await command(first.url, (redis) => redis.set('k', 'v'))
  await first.close()
  const second = await startEmbeddedRedis(folder, quiet)
  t.after(() => second.close())
  assert.equal(await command(second.url, (redis) => redis.get('k')), 'v')
})

test('it listens on no TCP port, syncs every write, and evicts nothing', async (t) => {
  const redis = await startEmbeddedRedis(await tempFolder(), quiet)
  t.after(() => redis.close())
  const settings = await command(redis.url, (r) =>
    Promise.all(['port', 'appendonly', 'appendfsync', 'maxmemory-policy'].map((name) => r.config('GET', name))),
  )
  assert.deepEqual(settings.flat(), [
    'port',
    '0',
    'appendonly',
    'yes',
    'appendfsync',
    'always',
    'maxmemory-policy',
    'noeviction',
  ])
})

test('a redis-server that is killed while it is needed is started again with its data', async (t) => {
  const redis = await startEmbeddedRedis(await tempFolder(), quiet)
  t.after(() => redis.close())
  const client = new Redis({ path: decodeURI(new URL(redis.url).pathname), retryStrategy: () => 10 })
  t.after(() => client.disconnect())
  client.on('error', () => undefined)
  await client.set('k', 'v')
  const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1])
  const back = new Promise((resolve) => client.once('close', () => client.once('ready', resolve)))
  process.kill(pid, 'SIGKILL')
  await back
  assert.equal(await client.get('k'), 'v')
  assert.notEqual(Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]), pid)
})

test('a folder that is in use is refused, and the one who has it goes on', async (t) => {
  const folder = await tempFolder()
  const first = await startEmbeddedRedis(folder, quiet)
  t.after(() => first.close())
  await assert.rejects(startEmbeddedRedis(folder, quiet), /is in use by another Wirecopy.*DATA_DIR/)
  assert.equal(await command(first.url, (redis) => redis.ping()), 'PONG')
  assert.equal(await findEmbeddedRedis(folder), first.url)
})

test('a folder whose path is too long for a socket works all the same', async (t) => {
  const folder = join(await tempFolder(), 'x'.repeat(60), 'y'.repeat(60))
  await mkdir(folder, { recursive: true })
  const redis = await startEmbeddedRedis(folder, quiet)
  t.after(() => redis.close())
  assert.equal(await command(redis.url, (r) => r.ping()), 'PONG')
  await assert.rejects(startEmbeddedRedis(folder, quiet), /is in use/)
})

test('the redis-server left behind by a process that was killed is stopped, and its data kept', async (t) => {
  const folder = await tempFolder()
  const owner = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { startEmbeddedRedis } from ${JSON.stringify(new URL('../../src/log/embedded.ts', import.meta.url).href)}
       import { pino } from 'pino'
       await startEmbeddedRedis(${JSON.stringify(folder)}, pino({ level: 'silent' }))
       process.stdout.write('up')
       setInterval(() => {}, 1000)`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: new URL('../..', import.meta.url) },
  )
  await event(owner.stdout, 'data')
  const orphan = await findEmbeddedRedis(folder)
  assert.ok(orphan !== null)
  const pid = await command(orphan, async (redis) => {
    await redis.set('k', 'v')
    return /process_id:(\d+)/.exec(await redis.info('server'))?.[1]
  })
  owner.kill('SIGKILL')
  await event(owner, 'exit')
  assert.equal(await findEmbeddedRedis(folder), orphan, 'redis-server outlives its owner')
  const next = await startEmbeddedRedis(folder, quiet)
  t.after(() => next.close())
  const found = await command(next.url, async (redis) => [
    await redis.get('k'),
    /process_id:(\d+)/.exec(await redis.info('server'))?.[1] === pid,
  ])
  assert.deepEqual(found, ['v', false])
})

test('the redis-server of a process that exits without closing it ends as well', async () => {
  const folder = await tempFolder()
  const owner = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { startEmbeddedRedis } from ${JSON.stringify(new URL('../../src/log/embedded.ts', import.meta.url).href)}
       import { pino } from 'pino'
       await startEmbeddedRedis(${JSON.stringify(folder)}, pino({ level: 'silent' }))
       process.exit(7)`,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'], cwd: new URL('../..', import.meta.url) },
  )
  assert.deepEqual(await event(owner, 'exit'), [7, null])
  await until('it no longer answers', async () => (await findEmbeddedRedis(folder)) === null)
})

/** A data folder with a path that is too long, and where its sockets go instead. */
async function longFolder(): Promise<{ folder: string; sockets: string }> {
  const folder = join(await tempFolder(), 'x'.repeat(60), 'y'.repeat(60))
  await mkdir(folder, { recursive: true })
  const hash = createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')
  return { folder, sockets: join('/tmp', `wirecopy-${hash.slice(0, 16)}`) }
}

const isRoot = process.getuid?.() === 0
const foreign: Record<string, { make: (path: string) => Promise<void>; told: RegExp; skip?: boolean }> = {
  'is open to others': {
    make: async (path) => {
      await mkdir(path)
      await chmod(path, 0o755)
    },
    told: /is open to others \(mode 755\).*DATA_DIR/,
  },
  'is a link': {
    make: async (path) => symlink(await tempFolder(), path),
    told: /is not a folder.*DATA_DIR/,
  },
  'belongs to another user': {
    make: async (path) => {
      await mkdir(path, { mode: 0o700 })
      await chown(path, 65_534, 65_534)
    },
    told: /belongs to the user with id 65534, and not to this one.*DATA_DIR/,
    skip: !isRoot,
  },
}

for (const [name, { make, told, skip }] of Object.entries(foreign)) {
  test(`a folder for sockets that ${name} is not taken`, { skip: skip ?? false }, async (t) => {
    const { folder, sockets } = await longFolder()
    t.after(() => rm(sockets, { recursive: true, force: true }))
    await make(sockets)
    await assert.rejects(startEmbeddedRedis(folder, quiet), told)
    await assert.rejects(findEmbeddedRedis(folder), told)
  })
}

test('a data folder into which everybody may write is not taken', async () => {
  const folder = await tempFolder()
  await chmod(folder, 0o777)
  await assert.rejects(startEmbeddedRedis(folder, quiet), /Everybody may write into the data folder .*chmod o-w/)
})
