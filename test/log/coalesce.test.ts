import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Coalesced } from '../../src/log/coalesce.ts'

test('nobody is given a read that began before they asked, and however many ask, reads go one at a time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.nat(3), { minLength: 1, maxLength: 30 }), async (s, waits) => {
      let now = 0
      let running = 0
      const coalesced = new Coalesced(async () => {
        running++
        assert.equal(running, 1)
        const began = ++now
        await s.schedule(Promise.resolve())
        running--
        return began
      })
      const asked = waits.map(async (wait) => {
        for (let i = 0; i < wait; i++) await s.schedule(Promise.resolve())
        const at = now
        assert.ok((await coalesced.get()) > at)
      })
      await s.waitFor(Promise.all(asked))
      assert.ok(now <= waits.length)
      assert.ok(coalesced.idle)
    }),
  )
})

test('a read that fails is told to those who share it, and the next one is made all the same', async () => {
  let reads = 0
  const coalesced = new Coalesced(async () => {
    if (++reads === 1) throw new Error('away')
    return reads
  })
  const first = coalesced.get()
  const second = coalesced.get()
  const third = coalesced.get()
  await assert.rejects(first, /away/)
  assert.deepEqual(await Promise.all([second, third]), [2, 2])
})
