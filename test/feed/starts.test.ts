import assert from 'node:assert/strict'
import test from 'node:test'
import { type Start, Starts } from '../../src/feed/starts.ts'
import type { Cursor, Offset } from '../../src/wire/scalars.ts'

/** A log whose head moves on with each step; a reading says where the head stood when it began. */
class Readings {
  head = 0
  readonly begun: (Cursor | undefined)[] = []
  readonly #ends: (() => void)[] = []
  #begin: () => void = () => undefined

  readonly read = async (after: Cursor | undefined): Promise<Start> => {
    const to = this.head as Offset
    this.begun.push(after)
    this.#begin()
    await new Promise<void>((end) => this.#ends.push(end))
    const value = { channel: 'c', epoch: 'e', from: 0, to, changes: [] } as never
    return { kind: 'batch', batch: { value, json: Buffer.from('{}'), cursor: `e:${to}` as Cursor } }
  }

  async begins(count: number): Promise<void> {
    while (this.begun.length < count) {
      await new Promise<void>((begin) => {
        this.#begin = begin
      })
    }
  }

  end(): void {
    for (const end of this.#ends.splice(0)) end()
  }
}

function offsetOf(start: Start): number {
  assert.equal(start.kind, 'batch')
  return start.kind === 'batch' ? start.batch.value.to : -1
}

test('a crowd that asks for the same is read for once; each cursor has a reading of its own', async () => {
  const readings = new Readings()
  const starts = new Starts(readings.read)
  const cursor = 'e:3' as Cursor
  const asked = Array.from({ length: 1_000 }, (_, i) => starts.get(i % 2 === 0 ? undefined : cursor))
  await readings.begins(2)
  readings.end()
  await Promise.all(asked)
  assert.deepEqual(readings.begun, [undefined, cursor])
})

test('whoever asks while a reading is under way gets one that began after he asked', async () => {
  const readings = new Readings()
  const starts = new Starts(readings.read)
  const before = starts.get(undefined)
  await readings.begins(1)
  readings.head = 1
  const after = [starts.get(undefined), starts.get(undefined)]
  await readings.begins(2)
  readings.end()
  assert.equal(offsetOf(await before), 0)
  assert.deepEqual((await Promise.all(after)).map(offsetOf), [1, 1])
  assert.equal(readings.begun.length, 2)
})

test('a reading that fails fails all who asked for it, and the next to come are read for anew', async () => {
  let fails = true
  const readings = new Readings()
  const starts = new Starts(async (after) => {
    if (fails) throw new Error('away')
    return readings.read(after)
  })
  const asked = [starts.get(undefined), starts.get(undefined)]
  for (const result of await Promise.allSettled(asked)) assert.equal(result.status, 'rejected')
  fails = false
  const next = starts.get(undefined)
  await readings.begins(1)
  readings.end()
  assert.equal(offsetOf(await next), 0)
})
