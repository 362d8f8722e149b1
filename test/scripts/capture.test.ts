import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capture, must, SetupError } from '../../scripts/setup/capture.js'

test('what a command prints is kept, with its exit code', async () => {
  const { code, output } = await capture('sh', ['-c', 'echo one; echo two >&2; exit 3'])
  assert.equal(code, 3)
  assert.match(output, /one/)
  assert.match(output, /two/)
})

test('a command that must succeed and does not is told with what it printed', async () => {
  await assert.rejects(must('Trying', 'sh', ['-c', 'echo broken; exit 3']), (error) => {
    assert.ok(error instanceof SetupError)
    assert.match(error.message, /^broken\nTrying failed: "sh -c .*" ended with 3\.$/)
    return true
  })
})

test('a command that is not there is told', async () => {
  await assert.rejects(must('Trying', 'no-such-command', []), /Trying failed: no-such-command .*ENOENT/)
})
