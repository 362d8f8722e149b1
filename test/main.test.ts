import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test, { type TestContext } from 'node:test'
import { tempFolder } from './helpers/server.ts'

function run(t: TestContext, env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: new URL('..', import.meta.url),
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: '0', ...env },
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
  assert.ok(child.stdout !== null)
  for await (const line of createInterface(child.stdout)) {
    const said: { msg?: string; url?: string } = JSON.parse(line)
    if (said.msg === 'listening' && said.url !== undefined) return said.url
  }
  throw new Error('it ended before it listened')
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

test('it makes an admin key, shows it once and keeps it; a signal stops it with 0; a second start has the posts', async (t) => {
  const folder = await tempFolder()
  const first = run(t, { DATA_DIR: folder })
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
  assert.ok((await shown).includes(key))

  const second = run(t, { DATA_DIR: folder, PORT: new URL(url).port })
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
