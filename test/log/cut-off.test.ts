import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { CodedError } from '../../src/errors.ts'
import { RedisProgram } from '../faults/redis-program.ts'
import { until } from '../faults/until.ts'
import { channelId, content, newChannel, once, openTestLog } from '../helpers/log.ts'

const war = channelId('war')

/** A log with a post in it, and another process that serves it to readers, which will be cut off from Redis. */
async function startReaders(t: TestContext, knownMsMax?: number) {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-cut-off-'))
  const server = await RedisProgram.free({ name: 'redis', folder })
  t.after(async () => {
    await server.end()
    await rm(folder, { recursive: true, force: true })
  })
  server.start()
  await server.answers()
  const desk = await openTestLog(t, server.url)
  await desk.createChannel(newChannel('war'), once())
  const { item } = await desk.publish(war, content('a secret'), once())
  const readers = await openTestLog(t, server.url, {
    prefix: desk.prefix,
    ...(knownMsMax === undefined ? {} : { knownMsMax }),
  })
  const reads: Record<string, () => Promise<{ readonly staleMs?: number } | null>> = {
    channels: () => readers.channels(),
    snapshot: () => readers.snapshot(war),
    page: () => readers.page(war, { limit: 10 }),
    post: () => readers.post(war, item.id),
  }
  for (const [kind, read] of Object.entries(reads)) assert.equal((await read())?.staleMs, undefined, kind)
  return { server, reads }
}

test('a process that is cut off from Redis gives what it last knew of every kind, and says how old it is', async (t) => {
  const { server, reads } = await startReaders(t, Number.MAX_SAFE_INTEGER)
  await server.end()
  for (const [kind, read] of Object.entries(reads)) assert.ok(Number((await read())?.staleMs) >= 0, kind)
})

test('past the bound nothing is given of any kind, and the answer says when to try again', async (t) => {
  const { server, reads } = await startReaders(t, 0)
  await server.end()
  for (const [kind, read] of Object.entries(reads)) {
    await assert.rejects(
      read,
      (error) => {
        assert.ok(error instanceof CodedError && error.code === 'unavailable', kind)
        return Number(error.retryAfterSeconds) > 0
      },
      kind,
    )
  }
})

test('nothing is ever given that is older than the bound, and what is read again is given again', async (t) => {
  const knownMsMax = 1_000
  const { server, reads } = await startReaders(t, knownMsMax)
  await server.end()
  const given = new Set(Object.keys(reads))
  while (given.size > 0) {
    for (const kind of given) {
      const [answer] = await Promise.allSettled([reads[kind]?.()])
      if (answer.status === 'rejected') given.delete(kind)
      else assert.ok(Number(answer.value?.staleMs) <= knownMsMax, kind)
    }
    await turn()
  }
  server.start()
  await server.answers()
  for (const read of Object.values(reads)) await freshly(read)
})

/** Reads until the store itself answers. */
async function freshly(read: () => Promise<{ readonly staleMs?: number } | null>): Promise<void> {
  await until('the store answers', async () => {
    const answer = await read()
    return answer !== null && answer.staleMs === undefined
  })
}
