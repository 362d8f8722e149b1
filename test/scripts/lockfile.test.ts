import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fits, isInstalled } from '../../scripts/setup/lockfile.js'

const machine = { platform: 'linux', arch: 'x64' }
const wanted = {
  packages: {
    '': { version: '1.0.0' },
    'node_modules/a': { version: '1.2.3', integrity: 'sha512-a' },
    'node_modules/a-linux': { version: '1.2.3', integrity: 'sha512-l', optional: true, os: ['linux'], cpu: ['x64'] },
    'node_modules/a-darwin': {
      version: '1.2.3',
      integrity: 'sha512-d',
      optional: true,
      os: ['darwin'],
      cpu: ['arm64'],
    },
    'node_modules/below-darwin': { version: '1.0.0', integrity: 'sha512-b', optional: true },
  },
}
const { 'node_modules/a': a, 'node_modules/a-linux': linux } = wanted.packages
const whole = { 'node_modules/a': a, 'node_modules/a-linux': linux }

test('an installation that has all that the lockfile asks of this machine fits', () => {
  assert.ok(fits(wanted, { packages: whole }, machine))
})

test('an installation with a package less, another version, other content or a package more does not fit', () => {
  const others = [
    { 'node_modules/a-linux': linux },
    { 'node_modules/a': a },
    { ...whole, 'node_modules/a': { ...a, version: '1.2.4' } },
    { ...whole, 'node_modules/a': { ...a, integrity: 'sha512-other' } },
    { ...whole, 'node_modules/more': { version: '1.0.0', integrity: 'sha512-m' } },
  ]
  for (const packages of others) assert.ok(!fits(wanted, { packages }, machine), JSON.stringify(packages))
})

test('an empty lockfile is fitted by nothing', () => {
  assert.ok(!fits({}, {}, machine))
})

test('an installation that was cut short is not taken for whole', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-lockfile-'))
  t.after(() => rm(folder, { recursive: true }))
  const lockfile = join(folder, 'package-lock.json')
  const installed = join(folder, 'installed.json')
  await writeFile(lockfile, JSON.stringify({ packages: whole }))
  assert.ok(!isInstalled(lockfile, installed))
  await writeFile(installed, '{"packages": {')
  assert.ok(!isInstalled(lockfile, installed))
  await copyFile(lockfile, installed)
  assert.ok(isInstalled(lockfile, installed))
})
