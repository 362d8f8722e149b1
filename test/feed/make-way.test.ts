import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { Hub } from '../../src/feed/hub.ts'
import type { Outgoing } from '../../src/feed/outgoing.ts'
import { SliceWriter } from '../../src/feed/slice-writer.ts'
import { join } from '../helpers/feed-follower.ts'
import { channelId, content, newChannel, once, openTestLog, quiet, redisForFile } from '../helpers/log.ts'

const redisUrl = await redisForFile()

test('a retraction does not wait until all have the text: a broadcast that is under way makes way for it', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const hub = new Hub(log, quiet, new SliceWriter(null, 1))
  t.after(() => hub.close())
  await log.createChannel(newChannel('war'), once())
  const followers = await Promise.all(Array.from({ length: 200 }, () => join(hub, 'war')))
  let told = 0
  for (const follower of followers) {
    const send = follower.send.bind(follower)
    follower.send = (outgoing) => {
      send(outgoing)
      if (!JSON.stringify(outgoing.batch).includes('a text to be gone')) return
      // The first one is written to by a process that does nothing else until the retraction has been acknowledged.
      if (told++ === 0) retractElsewhere(log.prefix, outgoing)
    }
  }
  await log.publish(channelId('war'), content('a text to be gone'), once())
  await Promise.all(followers.map((follower) => follower.reaches(2)))
  // A few, until the reply that the system holds ready is read. How many turns of the loop that takes is the machine's.
  assert.ok(told > 0 && told < followers.length / 2, `${told} of ${followers.length} were given the text`)
  const [first, last] = [followers[0], followers.at(-1)]
  assert.deepEqual([first?.batches, last?.batches], [[1, 2], [2]])
  await log.publish(channelId('war'), content('and on'), once())
  await Promise.all(followers.map((follower) => follower.reaches(3)))
})

test('however retractions and broadcasts fall together, each follower gets each offset once', async (t) => {
  const log = await openTestLog(t, redisUrl)
  const hub = new Hub(log, quiet, new SliceWriter(null, 1))
  t.after(() => hub.close())
  const between = fc.array(fc.nat(300), { minLength: 2, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(between, async (turnsBetween) => {
      const id = `c${randomBytes(6).toString('hex')}`
      await log.createChannel(newChannel(id), once())
      const written = await Promise.all(
        turnsBetween.map((_, i) => log.publish(channelId(id), content(`post ${i}`), once())),
      )
      const followers = await Promise.all(Array.from({ length: 200 }, () => join(hub, id)))
      const underWay: Promise<unknown>[] = []
      for (const [i, turns] of turnsBetween.entries()) {
        underWay.push(log.publish(channelId(id), content(`another ${i}`), once()))
        for (let turn = 0; turn < turns; turn++) await nextTurn()
        const post = written[i]?.item.id
        if (post !== undefined) underWay.push(log.retract(channelId(id), post, 'It was wrong.', '*', once()))
      }
      await Promise.all(underWay)
      await Promise.all(followers.map((follower) => follower.reaches(turnsBetween.length * 3)))
      for (const follower of followers) hub.leave(follower)
    }),
    { numRuns: 40 },
  )
})

/** Retracts what the batch has brought, and comes back when that is acknowledged. */
function retractElsewhere(prefix: string, { batch }: Outgoing): void {
  const log = JSON.stringify(new URL('../../src/log/log.ts', import.meta.url).href)
  const id = batch.changes[0]?.type === 'post.published' ? batch.changes[0].post.id : ''
  const program = `
    import { pino } from 'pino'
    import { openLog } from ${log}
    const log = await openLog(${JSON.stringify({
      redisUrl,
      prefix,
      processId: 'other',
      publicUrl: 'http://news.example',
      changesMax: 10_000,
    }).slice(0, -1)}, logger: pino({ level: 'silent' }) })
    await log.retract('war', ${JSON.stringify(id)}, 'It was wrong.', '*', { key: 'retraction', fingerprint: 'retraction' })
    process.exit(0)
  `
  execFileSync(process.execPath, ['--input-type=module', '-e', program])
}
