import assert from 'node:assert/strict'
import test from 'node:test'
import { Waiting } from '../../src/feed/waiting.ts'

test('what was written waits until the transport has it, and then until the transport is done with it', () => {
  const transport = { writable: true }
  const waiting = new Waiting(() => transport)
  waiting.add(100)
  assert.equal(waiting.bytes, 100)
  transport.writable = false
  waiting.flushed()
  assert.equal(waiting.bytes, 100)
  waiting.add(50)
  assert.equal(waiting.bytes, 150)
  transport.writable = true
  waiting.flushed()
  transport.writable = false
  assert.equal(waiting.bytes, 50)
  transport.writable = true
  assert.equal(waiting.bytes, 0)
})

test('a connection is stuck since the first of what it does not take, whatever is added to that', () => {
  const waiting = new Waiting(() => ({ writable: false }))
  assert.equal(waiting.sinceMs, null)
  waiting.add(100)
  const since = waiting.sinceMs
  assert.ok(since !== null)
  waiting.add(100)
  assert.equal(waiting.sinceMs, since)
  waiting.flushed()
  assert.equal(waiting.sinceMs, null)
})
