import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { forbidServices } from '../../scripts/setup/apt.js'

async function newFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-apt-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'policy-rc.d')
}

test('while packages are installed, Debian is told to start no service', async (t) => {
  const file = await newFile(t)
  assert.equal(forbidServices(file), true)
  assert.equal(spawnSync(file).status, 101)
})

test('a policy that an interrupted installation left forbids nothing, and removes itself', async (t) => {
  const file = await newFile(t)
  const dead = spawn(process.execPath, ['-e', ''])
  await once(dead, 'exit')
  forbidServices(file, dead.pid)
  assert.equal(spawnSync(file).status, 0)
  assert.ok(!existsSync(file))
})

test("the machine's own policy is left alone", async (t) => {
  const file = await newFile(t)
  await writeFile(file, 'its own')
  assert.equal(forbidServices(file), false)
  assert.equal(await readFile(file, 'utf8'), 'its own')
})
