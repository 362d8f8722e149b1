import assert from 'node:assert/strict'
import test from 'node:test'
import { restartDelayMs } from '../../src/workers/restart-delay.ts'
import { SessionIds } from '../../src/workers/session-ids.ts'

test("an id begins with the node's name, which a proxy goes by, and tells the other workers whose it is", () => {
  const [zero, one, other] = [new SessionIds('a', 0, 2), new SessionIds('a', 1, 2), new SessionIds('b', 1, 2)]
  const id = one.make()
  assert.match(id, /^a\.1-[\w-]{20}$/)
  assert.equal(zero.otherWorkerOf(id), 1)
  assert.equal(one.otherWorkerOf(id), null)
  assert.equal(other.otherWorkerOf(id), null)
  assert.notEqual(one.make(), id)
})

test('an id of no worker that there is stays where it came in', () => {
  const ids = new SessionIds('a', 0, 2)
  for (const id of ['', 'a', 'a.', 'a.1', 'a.2-x', 'a.99999-x', 'a.-1-x', 'a. 1-x', 'a.1e0-x', 'ab.1-x', 'A.1-x']) {
    assert.equal(ids.otherWorkerOf(id), null, id)
  }
})

test('the id of a single process names no worker', () => {
  assert.match(new SessionIds('a', 0, 1).make(), /^a\.[\w-]{20}$/)
})

test('the delay before a worker is started again grows with its failures, at random, and to a bound', () => {
  const longest = (failures: number) => Math.max(...Array.from({ length: 200 }, () => restartDelayMs(failures)))
  for (const [failures, bound] of [
    [0, 200],
    [3, 1_600],
    [1_000, 30_000],
  ] as const) {
    assert.ok(longest(failures) <= bound)
    // That all of two hundred fall into the lower half happens once in 10^60 runs.
    assert.ok(longest(failures) > bound / 2)
  }
})
