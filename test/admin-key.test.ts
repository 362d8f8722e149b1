import assert from 'node:assert/strict'
import { chmod, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'node:test'
import { readAdminKey } from '../src/admin-key.ts'
import { tempFolder } from './helpers/server.ts'

test('a key that is made is kept, and nobody else may read it', async () => {
  const folder = await tempFolder()
  const made = await readAdminKey(undefined, folder)
  assert.equal(made.madeIn, join(folder, 'admin-key'))
  assert.equal((await stat(made.madeIn)).mode & 0o777, 0o600)
  assert.deepEqual(await readAdminKey(undefined, folder), { key: made.key, madeIn: null })
})

test('a kept key that everybody may read is refused, and the error says what to do', async () => {
  const folder = await tempFolder()
  const file = join(folder, 'admin-key')
  await writeFile(file, 'planted-by-somebody-else', { mode: 0o644 })
  await chmod(file, 0o644)
  await assert.rejects(readAdminKey(undefined, folder), /Everybody may read .*admin-key \(mode 644\).*chmod 600/)
  assert.equal((await readAdminKey('given-in-the-environment', folder)).key, 'given-in-the-environment')
})

test('in a folder into which everybody may write, no key is taken and none is made', async () => {
  const folder = await tempFolder()
  await chmod(folder, 0o777)
  await assert.rejects(readAdminKey(undefined, folder), /Everybody may write into the data folder/)
  await writeFile(join(folder, 'admin-key'), 'planted-by-somebody-else', { mode: 0o600 })
  await assert.rejects(readAdminKey(undefined, folder), /Everybody may write into the data folder/)
})
