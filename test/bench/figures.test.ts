import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { histogramOf, merged, percentile, spreadOf, written } from '../../scripts/bench/figures.ts'

test('the median is the middle run, or between the two middle ones', () => {
  assert.deepEqual(spreadOf([5, 1, 9]), { min: 1, median: 5, max: 9 })
  assert.deepEqual(spreadOf([10, 2, 4, 3]), { min: 2, median: 3.5, max: 10 })
  assert.deepEqual(spreadOf([7]), { min: 7, median: 7, max: 7 })
  assert.equal(spreadOf([]), null)
})

test('a percentile is the value that no more than the rest are above', () => {
  const hundred = histogramOf(Array.from({ length: 100 }, (_, i) => i + 1))
  assert.equal(percentile(hundred, 0.5), 50)
  assert.equal(percentile(hundred, 0.99), 99)
  assert.equal(percentile(hundred, 1), 100)
  assert.equal(
    percentile(
      [
        [3, 99],
        [8, 1],
      ],
      0.99,
    ),
    3,
  )
  assert.equal(percentile([], 0.5), null)
})

test('histograms that are put together give the percentiles of all values', () => {
  const values = fc.array(fc.nat(1_000), { minLength: 1 })
  fc.assert(
    fc.property(fc.array(values, { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (parts, part) => {
      const sorted = parts.flat().toSorted((a, b) => a - b)
      const rank = Math.max(1, Math.ceil(sorted.length * part))
      assert.equal(percentile(merged(parts.map(histogramOf)), part), sorted[rank - 1])
    }),
  )
})

test('figures are written with as many digits as say something', () => {
  assert.deepEqual([0, 0.0123, 0.5, 9.876, 12.34, 123.4, 15_000.4].map(written), [
    '0',
    '0.012',
    '0.50',
    '9.88',
    '12.3',
    '123',
    '15,000',
  ])
})
