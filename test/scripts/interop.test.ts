import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clients } from '../../scripts/interop/clients.ts'
import { judge, Line, type Truth, type Write } from '../../scripts/interop/judge.ts'
import { libraryVersion } from '../../scripts/interop/kits.ts'
import { Newsroom, type WrittenPost } from '../helpers/newsroom.ts'
import { startServer } from '../helpers/server.ts'

test('each stock client has a version in the manifest of its language', () => {
  for (const client of clients) assert.match(libraryVersion(client), /^v?\d+\.\d+/, client.name)
})

test('the judge of stock clients finds what is lost, repeated, reordered, changed, leaked or started over', async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const { cursor: start } = await newsroom.snapshot()
  const first = await newsroom.publish({ headline: 'First' })
  const second = await newsroom.publish({ headline: 'Second' })
  const batch = await newsroom.changes(start)
  const edited = await newsroom.edit(first.post.id, { headline: 'Corrected', correction: { text: 'It was wrong.' } })
  const retracted = await newsroom.retract(second.post.id)
  const next = await newsroom.changes(second.cursor)
  const whole = await newsroom.changes(start)
  const snapshot = await newsroom.snapshot()

  const truth: Truth = { writes: [first, second, edited, retracted].map(asWrite), gone: new Set(['Secret']) }
  const line = (given: unknown): Line => Line.parse(given)
  const [one, two, all] = [batch, next, whole].map((given) => line({ event: 'batch', batch: given }))
  assert.ok(one !== undefined && two !== undefined && all !== undefined)
  const found = (lines: readonly Line[], after: string | null = start) => judge(truth, lines, after).join('\n')

  assert.equal(found([one, two]), '')
  assert.equal(found([all]), '', 'of several changes of a post the last one is enough')
  assert.equal(found([line({ event: 'snapshot', snapshot })], null), '')
  assert.match(found([two]), /was applied at/, 'lost')
  assert.match(found([one, one]), /was applied at/, 'repeated')
  assert.match(found([two, one]), /was applied at/, 'reordered')
  const [change] = batch.changes
  assert.match(found([line({ event: 'batch', batch: { ...batch, changes: [change] } })]), /must have 1,2/)
  assert.match(
    found([line({ event: 'batch', batch: { ...batch, changes: batch.changes.toReversed() } })]),
    /must have 1,2/,
  )
  const text = JSON.stringify(batch)
  const changed = (from: string, to: string) => line({ event: 'batch', batch: JSON.parse(text.replace(from, to)) })
  assert.match(found([changed('"First"', '"Fist"')]), /not as it was written/)
  assert.match(found([changed('"First"', '"Secret"')]), /had been retracted: Secret/)
  assert.match(found([changed('"version":1', '"version":9')]), /which nobody wrote/)
  assert.match(found([one, line({ event: 'snapshot', snapshot })]), /started over/)
  assert.match(found([line({ event: 'snapshot', snapshot: { ...snapshot, posts: [] } })], null), /lacks the post/)
})

function asWrite({ post, cursor }: WrittenPost): Write {
  return { post, cursor, offset: Number(cursor.split(':')[1]), ackedMs: 0 }
}
