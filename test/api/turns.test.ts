import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Turns } from '../../src/api/turns.ts'

const step = fc.oneof(fc.record({ holder: fc.constantFrom('a', 'b', 'c'), chars: fc.nat(5) }), fc.constant('next'))

test('what waits is within the bounds, and each holder is served in the order in which it came', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const bounds = { itemsMax: 8, charsMax: 20, holderShare: 0.5 }
      const turns = new Turns<{ holder: string; number: number; chars: number }>(bounds)
      let waiting: { holder: string; number: number; chars: number }[] = []
      for (const [number, given] of steps.entries()) {
        if (typeof given === 'string') {
          const item = turns.next()
          if (item === undefined) {
            assert.equal(waiting.length, 0)
            continue
          }
          assert.equal(
            item,
            waiting.find(({ holder }) => holder === item.holder),
          )
          waiting = waiting.filter((other) => other !== item)
        } else {
          const item = { ...given, number }
          const own = waiting.filter(({ holder }) => holder === given.holder)
          const sum = (items: typeof waiting) => items.reduce((total, { chars }) => total + chars, given.chars)
          const fits = waiting.length < 8 && own.length < 4 && sum(waiting) <= 20 && sum(own) <= 10
          assert.equal(turns.add(given.holder, item, given.chars), fits)
          if (fits) waiting.push(item)
        }
      }
    }),
  )
})

test('a holder with little waits for one item of each of the others, however much they have', () => {
  const turns = new Turns<string>({ itemsMax: 100, charsMax: 100, holderShare: 0.5 })
  for (let i = 0; i < 20; i++) turns.add('a', `a${i}`, 1)
  for (let i = 0; i < 20; i++) turns.add('b', `b${i}`, 1)
  assert.equal(turns.next(), 'a0')
  turns.add('c', 'c0', 1)
  assert.deepEqual([turns.next(), turns.next(), turns.next(), turns.next()], ['b0', 'a1', 'c0', 'b1'])
})
