import assert from 'node:assert/strict'
import test from 'node:test'
import { StockWaiting } from '../../src/feed/stock-waiting.ts'

test('what was written waits until the transport has it, and then until the transport is done with it', () => {
  const waiting = new StockWaiting()
  waiting.add(100)
  assert.equal(waiting.bytes, 100)
  waiting.flushed()
  assert.equal(waiting.bytes, 100)
  waiting.add(50)
  assert.equal(waiting.bytes, 150)
  waiting.taken()
  assert.equal(waiting.bytes, 50)
  waiting.flushed()
  waiting.taken()
  assert.equal(waiting.bytes, 0)
})

test('a connection is stuck since it last took something, whatever is added to that', () => {
  const waiting = new StockWaiting()
  assert.equal(waiting.sinceMs, null)
  waiting.add(100)
  const since = waiting.sinceMs
  assert.ok(since !== null)
  waiting.add(100)
  assert.equal(waiting.sinceMs, since)
  waiting.flushed()
  assert.ok(waiting.sinceMs !== null && waiting.sinceMs >= since)
  waiting.taken()
  assert.equal(waiting.sinceMs, null)
})
