import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dropOf, type Sample } from '../../src/ops/follower-drop.ts'

/** A sample every 5 s. */
const every5s = (...counts: readonly number[]): Sample[] =>
  counts.map((followers, i) => ({ atMs: i * 5_000, followers }))
const steady = (followers: number, samples: number) => Array.from({ length: samples }, () => followers)

test('a drop is sudden if a fifth, and twenty or more, are gone within a minute', () => {
  assert.equal(dropOf([]), null)
  assert.equal(dropOf(every5s(300, 300)), null)
  assert.deepEqual(dropOf(every5s(300, 300, 170, 170)), { from: 300, to: 170, ageMs: 5_000 })
  assert.deepEqual(dropOf(every5s(100, 80)), { from: 100, to: 80, ageMs: 0 })
  assert.equal(dropOf(every5s(100, 81)), null, 'less than a fifth')
  assert.equal(dropOf(every5s(60, 41)), null, 'less than twenty')
  const slowly = Array.from({ length: 60 }, (_, i) => 1_000 - i * 5)
  assert.equal(dropOf(every5s(...slowly)), null, 'an audience that leaves over some minutes')
})

test('a drop is told until nine in ten are back, and for 15 minutes at most', () => {
  assert.equal(dropOf(every5s(300, 170, 269))?.to, 269)
  assert.equal(dropOf(every5s(300, 170, 270)), null)
  assert.equal(dropOf(every5s(300, 170, 270, 260)), null, 'they were back')
  assert.deepEqual(dropOf(every5s(300, ...steady(170, 181))), { from: 300, to: 170, ageMs: 15 * 60_000 })
  assert.equal(dropOf(every5s(300, ...steady(170, 182))), null)
})

test('whatever the history, what is told of a drop is true', () => {
  const steps = fc.array(fc.record({ afterMs: fc.nat(90_000), followers: fc.nat(1_000) }), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (given) => {
      let atMs = 0
      const samples = given.map(({ afterMs, followers }) => {
        atMs += afterMs
        return { atMs, followers }
      })
      const drop = dropOf(samples)
      if (drop === null) return
      const since = samples.findIndex((sample) => sample.atMs >= atMs - drop.ageMs)
      assert.equal(drop.to, samples.at(-1)?.followers)
      assert.ok(drop.ageMs <= 15 * 60_000)
      assert.ok(samples.some((sample) => sample.followers === drop.from))
      const after = samples.filter((sample) => sample.atMs > atMs - drop.ageMs)
      assert.ok(since >= 0 && after.every((sample) => sample.followers < drop.from * 0.9))
    }),
    { numRuns: 500 },
  )
})
