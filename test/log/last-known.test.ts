import assert from 'node:assert/strict'
import test from 'node:test'
import { CodedError } from '../../src/errors.ts'
import { LastKnown } from '../../src/log/last-known.ts'
import type { Encoded } from '../../src/log/log.ts'
import type { Snapshot } from '../../src/wire/batch.ts'
import type { ChannelId, Cursor } from '../../src/wire/scalars.ts'

const channel = 'c' as ChannelId
const cursor = (text: string) => text as Cursor

async function knowing(at: string): Promise<LastKnown> {
  const known = new LastKnown()
  const encoded = { value: { cursor: at }, json: Buffer.from('{}'), cursor: cursor(at) } as unknown as Encoded<Snapshot>
  known.noticed(channel, cursor(at))
  await known.snapshot(channel, async () => encoded)
  return known
}

/** What is given while the store is away. */
async function given(known: LastKnown): Promise<string | null> {
  try {
    const snapshot = await known.snapshot(channel, async () => {
      throw new CodedError('unavailable', 'away')
    })
    return snapshot?.cursor ?? null
  } catch (error) {
    assert.ok(error instanceof CodedError && error.code === 'unavailable')
    return null
  }
}

test('while the store is away the last known answer is given, unless it is known to be overtaken', async () => {
  assert.equal(await given(await knowing('one:5')), 'one:5')
  const read = await knowing('one:5')
  read.noticed(channel, cursor('one:6'))
  assert.equal(await given(read), null)
  const written = await knowing('one:5')
  written.wrote(channel, cursor('one:6'))
  assert.equal(await given(written), null)
})

test('a write of the log before this one, answered late, does not bring back what was known of that', async () => {
  const known = await knowing('one:5')
  known.noticed(channel, cursor('two:5'))
  known.wrote(channel, cursor('one:5'))
  assert.equal(await given(known), null)
})

test('nor is anything given of the log before one that a write was the first to tell of', async () => {
  const known = await knowing('one:5')
  known.wrote(channel, cursor('two:1'))
  assert.equal(await given(known), null)
})
