import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { adminKeyNotice, readAdminKey } from '../src/admin-key.ts'
import { folderOfProcess } from './helpers/nodes.ts'
import { tempFolder } from './helpers/server.ts'

const kept = 'a-key-that-is-long-enough'

test('a key is made once, in a file that only its owner may read', async () => {
  const folder = join(await tempFolder(), 'data')
  const made = await readAdminKey(undefined, folder)
  assert.equal(made.madeIn, join(folder, 'admin-key'))
  assert.equal((await stat(made.madeIn)).mode & 0o777, 0o600)
  assert.deepEqual(await readAdminKey(undefined, folder), { key: made.key, madeIn: null, warning: null })
  assert.deepEqual(await readAdminKey(kept, folder), { key: kept, madeIn: null, warning: null })
})

test('a key that others may read is taken with a warning; one that others may write, or that is no key, is refused', async () => {
  const folder = await tempFolder()
  const file = join(folder, 'admin-key')
  await writeFile(file, `${kept}\n`, { mode: 0o600 })
  for (const mode of [0o640, 0o604]) {
    await chmod(file, mode)
    const { key, warning } = await readAdminKey(undefined, folder)
    assert.equal(key, kept)
    assert.match(warning ?? '', /admin-key can be read by other users: chmod 600 it/)
    assert.ok(!warning?.includes(kept))
  }
  for (const mode of [0o620, 0o602]) {
    await chmod(file, mode)
    await assert.rejects(readAdminKey(undefined, folder), /can be written by other users\. Delete it/)
  }
  await chmod(file, 0o600)
  await writeFile(file, '\n')
  await assert.rejects(readAdminKey(undefined, folder), /has no key of 16 characters or more/)
})

const notRoot = process.geteuid?.() === 0 ? false : 'only root can give a file away'

test('a key in a file of another user is refused', { skip: notRoot }, async () => {
  const folder = await tempFolder()
  const file = join(folder, 'admin-key')
  await writeFile(file, `${kept}\n`, { mode: 0o600 })
  await chown(file, 12_345, 12_345)
  await assert.rejects(readAdminKey(undefined, folder), /belongs to another user \(uid 12345\)/)
})

test('in a folder into which everybody may write, no key is taken and none is made', async () => {
  const folder = await tempFolder()
  await chmod(folder, 0o777)
  await assert.rejects(readAdminKey(undefined, folder), /Everybody may write into the data folder/)
  await writeFile(join(folder, 'admin-key'), `${kept}\n`, { mode: 0o600 })
  await assert.rejects(readAdminKey(undefined, folder), /Everybody may write into the data folder/)
})

test('only a terminal is shown the key', () => {
  const made = { key: kept, file: 'data/admin-key' }
  assert.ok(adminKeyNotice(made, { isTTY: true }).includes(kept))
  for (const stream of [{}, { isTTY: false }]) {
    const notice = adminKeyNotice(made, stream)
    assert.ok(!notice.includes(kept))
    assert.ok(notice.includes('data/admin-key'))
  }
})

const noScript =
  spawnSync('script', ['--version']).status === 0 ? false : 'there is no script(1), which makes terminals'

test('a start in a terminal shows the key that it makes', { skip: noScript }, async (t) => {
  const folder = await folderOfProcess()
  const child = spawn('script', ['-qefc', `exec ${process.execPath} src/main.ts`, '/dev/null'], {
    cwd: new URL('..', import.meta.url),
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'silent', DATA_DIR: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  for await (const chunk of child.stdout) {
    said += String(chunk)
    if (said.includes('Ctrl-C stops it.')) break
  }
  const key = (await readFile(join(folder, 'admin-key'), 'utf8')).trim()
  assert.match(said, /ADMIN_KEY, shown this once and kept in \S+\/admin-key: /)
  assert.ok(said.includes(key))
  const exit = once(child, 'exit')
  // Ctrl-C, as it is typed.
  child.stdin.write('\x03')
  child.stdout.resume()
  await exit
})
