import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SetupError } from '../../scripts/setup/capture.js'
import { advice, chromium, find, haproxy, isAtLeast, redis, versionIn } from '../../scripts/setup/programs.js'

/** A folder that holds programs which only print their version. */
async function folderWith(t: TestContext, programs: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-programs-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, version] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 })
  }
  return folder
}

test('versions are read out of what the programs print', () => {
  assert.equal(versionIn('Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64'), '7.0.15')
  assert.equal(versionIn('Valkey server v=8.1.0 sha=00000000:0'), '8.1.0')
  assert.equal(versionIn('HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/'), '2.6.12')
  assert.equal(versionIn('HA-Proxy version 1.8.4'), '1.8.4')
  assert.equal(versionIn('command not found'), undefined)
})

test('versions are compared by number', () => {
  for (const version of ['7.0', '7.0.15', '7.2.1', '8.0.0', '10.1']) assert.ok(isAtLeast(version, '7.0'), version)
  for (const version of ['6.2.14', '6.9', '5.0.7', '0.7']) assert.ok(!isAtLeast(version, '7.0'), version)
  assert.ok(isAtLeast('2.10', '2.6'))
})

test('a Redis that is too old is passed over for a Valkey that is new enough', async (t) => {
  const PATH = await folderWith(t, { 'redis-server': 'Redis server v=6.2.7', 'valkey-server': 'Valkey server v=8.0.2' })
  assert.deepEqual(find(redis, { PATH }), { path: join(PATH, 'valkey-server') })
})

test('where there is only an old one, its version is told', async (t) => {
  const PATH = await folderWith(t, { 'redis-server': 'Redis server v=6.2.7' })
  assert.deepEqual(find(redis, { PATH }), { old: '6.2.7' })
  assert.match(advice(redis, '6.2.7'), /^Redis 7\.0 or newer is needed; this is 6\.2\.7\.$/m)
})

test('where there is none, nothing is found', () => {
  assert.deepEqual(find({ ...redis, commands: ['no-such-redis'] }, { PATH: '/usr/bin' }), {})
})

test('a file that may not be run is no program', async (t) => {
  const PATH = await folderWith(t, {})
  await writeFile(join(PATH, 'no-such-redis'), '', { mode: 0o644 })
  assert.deepEqual(find({ ...redis, commands: ['no-such-redis'] }, { PATH }), {})
})

test('a program that is there without the files that it is of no use without is not found', async (t) => {
  const PATH = await folderWith(t, { nginx: '', 'a-module': '' })
  const needing = (file: string) => ({ ...chromium, commands: ['nginx'], files: [join(PATH, file)] })
  assert.deepEqual(find(needing('no-module'), { PATH }), {})
  assert.deepEqual(find(needing('a-module'), { PATH }), { path: join(PATH, 'nginx') })
})

test('a program that is named by its variable is taken, and a wrong name stops', async (t) => {
  const folder = await folderWith(t, { chrome: '' })
  assert.deepEqual(find(chromium, { CHROMIUM: join(folder, 'chrome') }), { path: join(folder, 'chrome') })
  assert.throws(() => find(chromium, { CHROMIUM: join(folder, 'none') }), SetupError)
})

test('who is not root is told the exact command for Debian, Fedora and macOS', () => {
  assert.equal(
    advice(redis),
    `Redis 7.0 or newer is needed and was not found.
  Debian, Ubuntu: sudo apt-get update && sudo apt-get install -y --no-install-recommends redis-server
  Fedora:         sudo dnf install -y valkey
  macOS:          brew install redis
  Or set REDIS_URL to a Redis that runs elsewhere (for npm start).`,
  )
  assert.match(advice(chromium), /^ {2}Debian, Ubuntu: .* chromium$/m)
  assert.match(advice(haproxy), /^ {2}macOS: {10}brew install haproxy$/m)
})
