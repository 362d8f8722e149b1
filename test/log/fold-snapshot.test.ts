import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { CodedError } from '../../src/errors.ts'
import { foldSnapshot } from '../../src/log/fold-snapshot.ts'
import type { Batch, Snapshot } from '../../src/wire/batch.ts'
import { parseCursor } from '../../src/wire/cursor.ts'
import { limits } from '../../src/wire/limits.ts'
import type { PostId } from '../../src/wire/scalars.ts'
import { channelId, content, newChannel, once, openTestLog, redisForFile, type TestLog } from '../helpers/log.ts'

const redisUrl = await redisForFile()
const war = channelId('war')

async function snapshotOf(log: TestLog): Promise<Snapshot> {
  const found = await log.snapshot(war)
  assert.ok(found !== null)
  return found.value
}

async function batchAfter(log: TestLog, snapshot: Pick<Snapshot, 'cursor'>, limit: number): Promise<Batch> {
  const after = parseCursor(snapshot.cursor)
  assert.ok(after !== null)
  const changes = await log.changes(war, after, limit)
  assert.ok(changes?.kind === 'batch')
  return changes.encoded.value
}

const kinds = ['publish', 'publish', 'publish', 'edit', 'pin', 'unpin', 'retract', 'channel'] as const

/** Why an edit, a pin or a retraction may be refused here. */
const refusals = new Set<string>(['retracted', 'already-retracted', 'too-many-pins'])

/** One write, of the post that `pick` leads to; nothing where it can't be made, as the edit of a retracted post. */
async function write(log: TestLog, ids: PostId[], kind: (typeof kinds)[number], pick: number): Promise<void> {
  const id = ids[pick % Math.max(1, ids.length)]
  if (kind === 'channel') await log.editChannel(war, { title: `title ${pick}` }, once())
  else if (kind === 'publish' || id === undefined) {
    ids.push((await log.publish(war, content(`post ${ids.length}`), once())).item.id)
  } else {
    const change = {
      edit: () => log.edit(war, id, { headline: `edited ${pick}` }, '*', once()),
      pin: () => log.pin(war, id, true, '*', once()),
      unpin: () => log.pin(war, id, false, '*', once()),
      retract: () => log.retract(war, id, `reason ${pick}`, '*', once()),
    }[kind]
    await change().catch((error: unknown) => {
      assert.ok(error instanceof CodedError && refusals.has(error.code), error as Error)
    })
  }
}

test('a snapshot brought up by batches is the one that is read then, and goes on below where that ends', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: limits.pagePostsDefault + 10 }),
      fc.array(fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat(200) }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 50 }),
      async (before, writes, limit) => {
        const log = await openTestLog(t, redisUrl)
        await log.createChannel(newChannel('war'), once())
        const ids: PostId[] = []
        for (let i = 0; i < before; i++) await write(log, ids, 'publish', i)
        const start = await snapshotOf(log)
        for (const { kind, pick } of writes) await write(log, ids, kind, pick)
        const now = await snapshotOf(log)
        const batches: Batch[] = []
        let { cursor } = start
        while (cursor !== now.cursor) {
          const batch = await batchAfter(log, { cursor }, limit)
          batches.push(batch)
          cursor = `${batch.epoch}:${batch.to}` as typeof cursor
        }
        const folded = foldSnapshot(start, batches)
        assert.deepEqual(folded.channel, now.channel)
        assert.equal(folded.cursor, now.cursor)
        assert.deepEqual(folded.posts.slice(0, now.posts.length), now.posts)
        const byId = (snapshot: Snapshot) => new Map(snapshot.pinned.map((post) => [post.id, post]))
        assert.deepEqual(byId(folded), byId(now))
        // With the pages below it, it is the whole channel, each post once.
        const below = folded.older === undefined ? [] : await postsFrom(log, folded.older)
        const all = [...folded.posts, ...below].map(({ id }) => id)
        assert.deepEqual(all, [...ids].reverse())
        await log.close()
      },
    ),
    { numRuns: 40 },
  )
})

async function postsFrom(log: TestLog, before: NonNullable<Snapshot['older']>) {
  const found = await log.page(war, { limit: limits.pagePostsMax, before })
  assert.ok(found !== null && found.value.older === undefined)
  return found.value.posts
}

test('nothing that was retracted since is left in it', async (t) => {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  const { item } = await log.publish(war, content('a secret'), once())
  await log.pin(war, item.id, true, '*', once())
  const start = await snapshotOf(log)
  const edited = await log.edit(war, item.id, { headline: 'still a secret' }, '*', once())
  const first = await batchAfter(log, start, 10)
  await log.retract(war, item.id, 'It was not so.', '*', once())
  const second = await batchAfter(log, edited, 10)
  assert.match(JSON.stringify(foldSnapshot(start, [first])), /still a secret/)
  assert.doesNotMatch(JSON.stringify(foldSnapshot(start, [first, second])), /secret/)
})
