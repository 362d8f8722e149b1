import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { withLock } from '../../scripts/setup/lock.js'

const lockModule = new URL('../../scripts/setup/lock.js', import.meta.url).href

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-lock-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

/** A process that writes "in" and "out" around a read of the file, three times, each under the lock. */
function contender(folder: string) {
  const program = `
    import { appendFile, readFile } from 'node:fs/promises'
    import { withLock } from '${lockModule}'
    const file = '${join(folder, 'log')}'
    for (let turn = 0; turn < 3; turn += 1) {
      await withLock('${folder}', async () => {
        await appendFile(file, 'in ')
        await readFile(file)
        await appendFile(file, 'out ')
      })
    }`
  return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'ignore', 'pipe'] })
}

test('of many processes, one at a time has the lock', async (t) => {
  const folder = await newFolder(t)
  const codes = await Promise.all(Array.from({ length: 4 }, async () => (await once(contender(folder), 'exit'))[0]))
  assert.deepEqual(codes, [0, 0, 0, 0])
  assert.equal(await readFile(join(folder, 'log'), 'utf8'), 'in out '.repeat(12))
  assert.deepEqual(await readdir(folder), ['log'])
})

test('the lock of a process that has died is taken by one alone of those that wait', async (t) => {
  const folder = await newFolder(t)
  const dead = spawn(process.execPath, ['-e', ''])
  await once(dead, 'exit')
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: dead.pid, token: 'of-the-dead' }))
  const codes = await Promise.all(Array.from({ length: 4 }, async () => (await once(contender(folder), 'exit'))[0]))
  assert.deepEqual(codes, [0, 0, 0, 0])
  assert.equal(await readFile(join(folder, 'log'), 'utf8'), 'in out '.repeat(12))
})

test('the lock is free again after work that failed', async (t) => {
  const folder = await newFolder(t)
  await assert.rejects(
    withLock(folder, () => Promise.reject(new Error('planned'))),
    /planned/,
  )
  assert.equal(await withLock(folder, async () => 'done'), 'done')
})
