import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { type EventEmitter, once as event } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test, { type TestContext } from 'node:test'
import { io } from 'socket.io-client'
import { freePort } from './faults/free-port.ts'
import { until as comes } from './faults/until.ts'
import { followFresh } from './helpers/followers.ts'
import { Newsroom } from './helpers/newsroom.ts'
import { folderOfProcess } from './helpers/nodes.ts'
import { adminKey, tempFolder } from './helpers/server.ts'
import type { ClientSocket } from './helpers/transports.ts'

const { PATH, NODE_COMPILE_CACHE } = process.env

function run(t: TestContext, env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: new URL('..', import.meta.url),
    env: { PATH, NODE_COMPILE_CACHE, HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  assert.ok(stream !== null)
  return (await Array.fromAsync(stream)).join('')
}

async function listening(child: ChildProcess): Promise<string> {
  return await until(child, ({ msg, url }) => (msg === 'listening' ? url : undefined))
}

/** Reads the log up to a line that says something to `find`. */
async function until(child: ChildProcess, find: (said: { msg?: string; url?: string }) => string | undefined) {
  const { stdout } = child
  assert.ok(stdout !== null)
  const lines = createInterface(stdout)
  return await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const found = find(JSON.parse(line))
      if (found !== undefined) resolve(found)
    })
    lines.once('close', () => reject(new Error('it ended before it said so')))
  })
}

test('a bad setting stops the start with one clear line', async (t) => {
  const child = run(t, { DATA_DIR: await tempFolder(), PORT: 'http' })
  const [[code], said] = await Promise.all([event(child, 'exit'), textOf(child.stderr)])
  assert.equal(code, 1)
  assert.match(said, /^Wirecopy can not start\. The configuration is not valid\. PORT: .*\n$/)
})

test('a Redis that does not answer stops the start with one clear line that has no password', async (t) => {
  const child = run(t, { DATA_DIR: await tempFolder(), REDIS_URL: 'redis://:secret@127.0.0.1:1', LOG_LEVEL: 'silent' })
  const [[code], said] = await Promise.all([event(child, 'exit'), textOf(child.stderr)])
  assert.equal(code, 1)
  assert.match(said, /^Wirecopy can not start\. Redis at redis:\/\/:\*\*\*@127\.0\.0\.1:1 can not be used: .*\n$/)
  assert.doesNotMatch(said, /secret/)
})

test('it makes an admin key and keeps it, and its log, which is no terminal, is told only where; a signal stops it with 0; a second start has the posts', async (t) => {
  const folder = await tempFolder()
  const PORT = String(await freePort())
  const first = run(t, { DATA_DIR: folder, PORT })
  const shown = textOf(first.stderr)
  const url = await listening(first)
  const key = (await readFile(join(folder, 'admin-key'), 'utf8')).trim()
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const post = (path: string, body: unknown) =>
    fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  assert.equal((await post('/v1/channels', { id: 'war', title: 'War' })).status, 201)
  assert.equal((await post('/v1/channels/war/posts', { headline: 'First' })).status, 201)
  const before = await (await fetch(`${url}/v1/channels/war`)).json()
  first.kill('SIGTERM')
  assert.deepEqual((await event(first, 'exit'))[0], 0)
  const said = await shown
  assert.ok(said.includes(join(folder, 'admin-key')), said)
  assert.ok(!said.includes(key))

  const second = run(t, { DATA_DIR: folder, PORT })
  const shownAgain = textOf(second.stderr)
  const after = await (await fetch(`${await listening(second)}/v1/channels/war`)).json()
  assert.deepEqual(after, before)
  second.kill('SIGINT')
  assert.deepEqual((await event(second, 'exit'))[0], 0)
  assert.doesNotMatch(await shownAgain, new RegExp(key))
})

test('a data folder that is in use is refused with what to do', async (t) => {
  const folder = await tempFolder()
  const first = run(t, { DATA_DIR: folder })
  await listening(first)
  const second = run(t, { DATA_DIR: folder })
  const [[code], said] = await Promise.all([event(second, 'exit'), textOf(second.stderr)])
  assert.equal(code, 1)
  assert.match(said, /is in use by another Wirecopy\. Stop that one, or set DATA_DIR/)
  first.kill('SIGTERM')
  await event(first, 'exit')
})

const manned = [
  { WORKERS: '1', by: 'one process' },
  { WORKERS: '2', by: 'two workers' },
] as const

for (const { WORKERS, by } of manned)
  test(`told to stop, it takes no more followers and says so, serves those it has and publishers, and a second signal ends it at once, ${by}`, async (t) => {
    const settings = { WORKERS, DRAIN_NOTICE_MS: '30000', RATE_LIMIT: 'off', ADMIN_KEY: adminKey }
    const child = run(t, { DATA_DIR: await folderOfProcess(), ...settings })
    const url = await listening(child)
    const newsroom = await new Newsroom({ url }).open()
    const follower = await followFresh(t, { url }, newsroom.channel, 'websocket only')
    const idle: ClientSocket = io(url, { forceNew: true, reconnection: false })
    t.after(() => idle.close())
    await event(idle as unknown as EventEmitter, 'connect')
    // Every process says so for itself: the one that takes the signal, and each worker once it is told.
    let silent = WORKERS === '1' ? 1 : 1 + Number(WORKERS)
    const stopping = until(child, ({ msg }) => (msg?.startsWith('stopping') && --silent === 0 ? msg : undefined))
    child.kill('SIGTERM')
    await stopping

    const ready = await fetch(`${url}/health/ready`)
    const refused = [
      ready,
      await fetch(`${url}/v1/channels/${newsroom.channel}/stream`),
      await fetch(`${url}/socket.io/?EIO=4&transport=polling`),
    ]
    for (const answer of refused) {
      assert.equal(answer.status, 503)
      assert.ok(Number(answer.headers.get('retry-after')) > 0)
      const { code, reason } = (await answer.json()) as Record<string, unknown>
      assert.deepEqual([code, reason], ['not-ready', 'stopping'])
    }
    assert.equal(ready.headers.get('connection'), 'close')
    const answer = await follower.socket.emitWithAck('follow', { channel: newsroom.channel } as never)
    assert.ok(!answer.ok)
    assert.deepEqual([answer.error.code, answer.error['reason']], ['not-ready', 'stopping'])
    assert.ok(Number(answer.error['retryAfterMs']) > 0)
    const ended = event(idle as unknown as EventEmitter, 'disconnect')
    assert.equal((await idle.emitWithAck('follow', { channel: newsroom.channel } as never)).ok, false)
    assert.match(String((await ended)[0]), /^transport (close|error)$/)

    await newsroom.publish({ headline: 'Still published, and still followed' })
    await follower.assertWhole(newsroom)
    const exit = event(child, 'exit')
    child.kill('SIGTERM')
    assert.deepEqual(await exit, [1, null])
  })

for (const { WORKERS, by } of manned)
  test(`a write that is under way when it is told to stop is finished, and then it ends with 0, ${by}`, async (t) => {
    const child = run(t, { WORKERS, DATA_DIR: await tempFolder(), ADMIN_KEY: adminKey })
    const url = await listening(child)
    const newsroom = await new Newsroom({ url }).open()
    const body = JSON.stringify({ headline: 'Half of it was sent' })
    const write = request(`${url}/v1/channels/${newsroom.channel}/posts`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${adminKey}`,
        'content-type': 'application/json',
        'content-length': body.length,
        expect: '100-continue',
      },
    })
    write.flushHeaders()
    // The server has begun with the request.
    await event(write, 'continue')
    write.write(body.slice(0, 10))
    const { hostname, port } = new URL(url)
    const refuses = async () => {
      const connection = connect(Number(port), hostname)
      const isRefused = await event(connection, 'connect').then(
        () => false,
        () => true,
      )
      connection.destroy()
      return isRefused
    }
    const exit = event(child, 'exit')
    child.kill('SIGTERM')
    await comes('it takes no more connections', refuses)
    const answered = event(write, 'response')
    write.end(body.slice(10))
    const [response] = await answered
    assert.equal(response.statusCode, 201)
    response.resume()
    assert.deepEqual(await exit, [0, null])
  })
