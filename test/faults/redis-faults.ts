import { setTimeout as delay } from 'node:timers/promises'
import { type FaultOptions, on } from './fault.ts'
import { killAndStart } from './node-faults.ts'
import { plain } from './setting.ts'
import type { SingleRedis } from './single-redis.ts'
import type { Stage } from './stage.ts'

const emptyMs = 1_000
const refusingMs = 3_000
const repeats = 10
const repeatEveryMs = 200

export const redisFaults = {
  'Redis killed': on(plain, ({ store }) => killAndStart([store.redis])),
  'Redis paused for 5 s': paused(5_000),
  'Redis paused for 30 s': paused(30_000, { waits: true }),
  'Redis paused for 90 s': paused(90_000, { waits: true }),
  'scripts flushed': repeated(['SCRIPT', 'FLUSH']),
  'connections to Redis cut': repeated(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']),
  'Redis out of memory for 3 s': on(plain, (stage) =>
    setFor(stage, ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']),
  ),
  // A replica of nobody takes no writes, and keeps what it has. It can't know that it lacks nothing, though, and so
  // everyone starts over.
  'Redis read-only for 3 s': on(
    plain,
    async (stage) => {
      stage.standsTo = Number.POSITIVE_INFINITY
      await setFor(stage, ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'])
    },
    { startsOver: true },
  ),
  'Redis emptied': on(plain, async (stage) => {
    await stage.store.withRedis((redis) => redis.flushall())
    await delay(emptyMs)
    for (const channel of stage.channels) await stage.createChannel(channel)
  }),
} as const

function paused(ms: number, options: FaultOptions = {}) {
  const run = async ({ store }: Stage<SingleRedis>) => {
    store.redis.signal('SIGSTOP')
    await delay(ms)
    store.redis.signal('SIGCONT')
  }
  return on(plain, run, options)
}

type Command = readonly [string, ...string[]]

async function setFor({ store }: Stage, [set, ...setArgs]: Command, [reset, ...resetArgs]: Command): Promise<void> {
  await store.withRedis((redis) => redis.call(set, ...setArgs))
  await delay(refusingMs)
  await store.withRedis((redis) => redis.call(reset, ...resetArgs))
}

function repeated([command, ...args]: Command) {
  return on(plain, async ({ store }: Stage) => {
    await store.withRedis(async (redis) => {
      for (let i = 0; i < repeats; i++) {
        await redis.call(command, ...args)
        await delay(repeatEveryMs)
      }
    })
  })
}
