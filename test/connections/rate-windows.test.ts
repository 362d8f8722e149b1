import assert from 'node:assert/strict'
import test from 'node:test'
import { RateWindows } from '../../src/connections/rate-windows.ts'

test('so much is let through in a window, and what comes after is told when it ends', () => {
  const windows = new RateWindows(60_000, 10)
  for (let i = 0; i < 3; i++) assert.equal(windows.take('a', 3, 1_000 + i), 0)
  assert.equal(windows.take('a', 3, 21_000), 40_000)
  assert.equal(windows.take('b', 3, 21_000), 0, 'another one has a window of its own')
  assert.equal(windows.take('a', 3, 61_000), 0, 'the next window begins')
})

test('no more are counted at a time than stated, and those seen last are kept', () => {
  const windows = new RateWindows(60_000, 100)
  for (let i = 0; i < 50_000; i++) {
    windows.take('steady', 1_000_000, i)
    windows.take(`other ${i}`, 1, i)
  }
  assert.equal(windows.counted, 100)
  assert.notEqual(windows.take('steady', 1, 50_000), 0)
  assert.equal(windows.take('other 0', 1, 50_000), 0)
})

test('the clock on the wall does not count', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  const windows = new RateWindows(60_000, 10)
  assert.equal(windows.take('a', 1), 0)
  t.mock.timers.setTime(0)
  assert.ok(windows.take('a', 1) <= 60_000)
  t.mock.timers.setTime(10_000_000)
  assert.notEqual(windows.take('a', 1), 0)
})
