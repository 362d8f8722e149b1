import assert from 'node:assert/strict'
import { test } from 'node:test'
import { root } from '../../scripts/setup/prepare.js'
import { selectTests } from '../../scripts/setup/select-tests.js'

test('without words all test files are taken, and nothing else', () => {
  const files = selectTests(root, [])
  assert.ok(files.includes('test/scripts/select-tests.test.ts'))
  assert.ok(files.every((file) => file.endsWith('.test.ts')))
  assert.equal(new Set(files).size, files.length)
})

test('with words those files are taken whose path contains one', () => {
  assert.deepEqual(selectTests(root, ['scripts/select', 'scripts/lock.']), [
    'test/scripts/lock.test.ts',
    'test/scripts/select-tests.test.ts',
  ])
  assert.deepEqual(selectTests(root, ['no such file']), [])
})
