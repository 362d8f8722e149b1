import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { CodedError } from '../../src/errors.ts'
import { LastKnown } from '../../src/log/last-known.ts'
import type { Encoded } from '../../src/log/log.ts'
import type { Batch, Snapshot } from '../../src/wire/batch.ts'
import type { ChannelId, Cursor, Epoch, Offset } from '../../src/wire/scalars.ts'

const channel = 'c' as ChannelId
const cursor = (text: string) => text as Cursor

function snapshotAt(at: string): Encoded<Snapshot> {
  const value = { channel: { id: channel, title: `as of ${at}` }, cursor: at, pinned: [], posts: [] }
  return { value: value as unknown as Snapshot, json: Buffer.from(JSON.stringify(value)), cursor: cursor(at) }
}

async function knowing(at: string, msMax?: number): Promise<LastKnown> {
  const known = new LastKnown(msMax)
  known.noticed(channel, cursor(at), performance.now())
  await known.snapshot(channel, async () => snapshotAt(at))
  return known
}

async function away(): Promise<never> {
  throw new CodedError('unavailable', 'away')
}

/** What is given while the store is away. */
async function given(known: LastKnown): Promise<string | null> {
  try {
    return (await known.snapshot(channel, away))?.cursor ?? null
  } catch (error) {
    assert.ok(error instanceof CodedError && error.code === 'unavailable')
    return null
  }
}

test('while the store is away the last known answer is given, unless it is known to be overtaken', async () => {
  assert.equal(await given(await knowing('one:5')), 'one:5')
  const read = await knowing('one:5')
  read.noticed(channel, cursor('one:6'), performance.now())
  assert.equal(await given(read), null)
  const written = await knowing('one:5')
  written.wrote(channel, cursor('one:6'))
  assert.equal(await given(written), null)
})

test('a write of the log before this one, answered late, does not bring back what was known of that', async () => {
  const known = await knowing('one:5')
  known.noticed(channel, cursor('two:5'), performance.now())
  known.wrote(channel, cursor('one:5'))
  assert.equal(await given(known), null)
})

test('nor is anything given of the log before one that a write was the first to tell of', async () => {
  const known = await knowing('one:5')
  known.wrote(channel, cursor('two:1'))
  assert.equal(await given(known), null)
})

/** A batch of so many changes up to an offset, as a feed hears it. */
function heard(from: number, to: number, { changes = to - from, bytes = 10, epoch = 'one' } = {}): Encoded<Batch> {
  const change = { type: 'channel.updated', channel: { id: channel, title: `as of ${to}` } }
  const value = { channel, epoch, from, to, changes: Array.from({ length: changes }, () => change) }
  return { value: value as unknown as Batch, json: Buffer.alloc(bytes), cursor: cursor(`${epoch}:${to}`) }
}

const at = (offset: number, epoch = 'one') => ({ epoch: epoch as Epoch, offset: offset as Offset })

test('a snapshot is brought up by what has been heard since, and is as old as that', async () => {
  const known = await knowing('one:5')
  for (const [from, to] of [
    [5, 6],
    [6, 8],
  ] as const) {
    known.noticed(channel, cursor(`one:${to}`), performance.now())
    known.heard(channel, heard(from, to), performance.now())
  }
  assert.ok(known.hasSnapshot(channel, at(8)) && !known.hasSnapshot(channel, at(9)))
  const snapshot = await known.snapshot(channel, away)
  assert.deepEqual([snapshot?.cursor, snapshot?.value.channel.title], ['one:8', 'as of 8'])
  assert.deepEqual(JSON.parse(String(snapshot?.json)), snapshot?.value)
  assert.ok(Number(snapshot?.staleMs) >= 0)
})

test('it is not brought up past a hole, by another log, or without end', async () => {
  const whole = [heard(5, 6)]
  const cases = [
    { name: 'a hole', all: [heard(6, 7)], reach: 5 },
    { name: 'a hole after what fits', all: [...whole, heard(7, 8)], reach: 6 },
    { name: 'another log', all: [heard(5, 6, { epoch: 'two' })], reach: 5 },
    { name: 'many changes', all: [heard(5, 500)], reach: 5 },
    { name: 'many bytes', all: [...whole, heard(6, 7, { bytes: 1_000_000 })], reach: 6 },
    { name: 'what it has', all: [heard(3, 5)], reach: 5 },
    { name: 'what it has in part', all: [heard(3, 7)], reach: 7 },
  ]
  for (const { name, all, reach } of cases) {
    const known = await knowing('one:5')
    for (const one of all) known.heard(channel, one, performance.now())
    assert.ok(known.hasSnapshot(channel, at(reach)) && !known.hasSnapshot(channel, at(reach + 1)), name)
    assert.equal(await given(known), `one:${reach}`, name)
  }
})

test('a reading that is late does not take the place of what has been heard since; one of a new log does', async () => {
  for (const [late, reach] of [
    ['one:5', 'one:6'],
    ['one:7', 'one:7'],
    ['two:1', 'two:1'],
  ] as const) {
    const known = await knowing('one:5')
    known.heard(channel, heard(5, 6), performance.now())
    known.noticed(channel, cursor(late), performance.now())
    await known.snapshot(channel, async () => snapshotAt(late))
    assert.equal(await given(known), reach)
  }
})

/** Lets so much time go by, however busy the machine is. */
async function elapsed(ms: number): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end) await turn()
}

test('an answer whose head was seen again since is as old as that, and one that was only written to is not', async () => {
  const [seen, unseen, written] = [await knowing('one:5'), await knowing('one:5'), await knowing('one:5')]
  await elapsed(20)
  seen.noticed(channel, cursor('one:5'), performance.now())
  written.wrote(channel, cursor('one:5'))
  const age = async (known: LastKnown) => Number((await known.snapshot(channel, away))?.staleMs)
  const fresh = await age(seen)
  assert.ok(fresh <= (await age(unseen)) - 19)
  assert.ok(fresh <= (await age(written)) - 19)
})

test('an answer is given until it is too old, and then the reader is told when to try again', async () => {
  const msMax = 50
  const known = await knowing('one:5', msMax)
  for (;;) {
    const [answer] = await Promise.allSettled([known.snapshot(channel, away)])
    if (answer.status === 'rejected') {
      assert.ok(answer.reason instanceof CodedError && answer.reason.code === 'unavailable')
      break
    }
    assert.ok(Number(answer.value?.staleMs) <= msMax)
    await turn()
  }
  // It stays so, and what is read again is given again.
  await assert.rejects(known.snapshot(channel, away), { code: 'unavailable' })
  await known.snapshot(channel, async () => snapshotAt('one:5'))
  assert.ok(known.hasSnapshot(channel, at(5)))
})
