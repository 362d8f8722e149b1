import type { Redis } from 'ioredis'
import { prefix } from '../node.ts'
import type { Abuse, Found, Scale } from './abuse.ts'
import type { Scene } from './scene.ts'

const textChars = 64_000
/** What an edit may leave in the store, beside the post as it stands, which is there once. */
const recordBytesMax = 4_096
const secret = 'quay-zero-nine'

/** What writes leave in the store to make their repetition safe. */
export const recordAbuses: readonly Abuse[] = [
  {
    name: 'a large post edited on and on',
    // Of answers that were given, 64 MiB may be kept. After 600 edits the process is as large as after 1,800: what it has
    // let go, the allocator keeps for the next.
    bounds: (scale) => ({ rssGrowthMbMax: 64 + (scale === 'full' ? 256 : 128), heldGrowthMbMax: 64 + 16 }),
    run: (scene, scale) => edits(scene, scale),
  },
]

async function edits(scene: Scene, scale: Scale): Promise<Found> {
  const count = scale === 'full' ? 600 : 60
  // A channel that nobody else writes to.
  await scene.openLarge()
  const { large: channel, store } = scene
  const id = await scene.fill(channel, 1, textChars)
  const before = await store.withRedis((redis) => keptOf(redis, channel))
  let failed = 0
  for (let i = 0; i < count; i++) {
    const text = `${secret} ${i} `.padEnd(textChars, 'x')
    const keyed = { 'idempotency-key': `edit-${i}` }
    const { status } = await scene.write('PATCH', `/${channel}/posts/${id}`, { body: { text } }, keyed)
    if (status !== 200) failed++
  }
  const edited = await store.withRedis((redis) => keptOf(redis, channel))
  await scene.write('POST', `/${channel}/posts/${id}/retract`, { reason: 'It was wrong.' })
  const after = await store.withRedis((redis) => keptOf(redis, channel))
  const bytesEach = (edited.bytes - before.bytes) / count
  return {
    inputs: count,
    zeros: {
      'edits refused': failed,
      'records too large': bytesEach > recordBytesMax ? count : 0,
      'copies of a retracted text': after.copies,
      // Nobody would find a copy who does not find the one that there has to be.
      'texts not found': edited.copies > 0 ? 0 : 1,
    },
    told: { 'bytes of Redis an edit': Math.round(bytesEach) },
  }
}

/** What a channel takes in Redis, and how often the text is in it. */
async function keptOf(redis: Redis, channel: string): Promise<{ bytes: number; copies: number }> {
  const sums = { bytes: 0, copies: 0 }
  let cursor = '0'
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}:*:c:${channel}:*`, 'COUNT', 1_000)
    cursor = next
    for (const key of keys) {
      sums.bytes += Number(await redis.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'))
      for (const value of await valuesOf(redis, key)) if (value.includes(secret)) sums.copies++
    }
  } while (cursor !== '0')
  return sums
}

async function valuesOf(redis: Redis, key: string): Promise<string[]> {
  const type = await redis.type(key)
  if (type === 'string') return [(await redis.get(key)) ?? '']
  if (type === 'hash') return await redis.hvals(key)
  if (type === 'list') return await redis.lrange(key, 0, -1)
  if (type === 'zset') return await redis.zrange(key, '0', '-1')
  return (await redis.xrange(key, '-', '+')).flatMap(([, fields]) => fields)
}
