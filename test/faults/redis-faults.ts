import { setTimeout as delay } from 'node:timers/promises'
import { on } from './fault.ts'
import { killAndStart } from './node-faults.ts'
import { plain } from './setting.ts'
import type { Stage } from './stage.ts'

const emptyMs = 1_000
const refusingMs = 3_000
const repeats = 10
const repeatEveryMs = 200

export const redisFaults = {
  'Redis killed': on(plain, ({ store }) => killAndStart([store.redis])),
  'Redis paused for 5 s': paused(5_000),
  'scripts flushed': repeated(['SCRIPT', 'FLUSH']),
  'connections to Redis cut': repeated(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']),
  'Redis out of memory for 3 s': setAndReset(['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']),
  // A replica of nobody takes no writes, and keeps what it has.
  'Redis read-only for 3 s': setAndReset(['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']),
  'Redis emptied': on(plain, async (stage) => {
    await stage.store.withRedis((redis) => redis.flushall())
    await delay(emptyMs)
    await stage.createChannel()
  }),
} as const

function paused(ms: number) {
  return on(plain, async ({ store }) => {
    store.redis.signal('SIGSTOP')
    await delay(ms)
    store.redis.signal('SIGCONT')
  })
}

type Command = readonly [string, ...string[]]

function setAndReset([set, ...setArgs]: Command, [reset, ...resetArgs]: Command) {
  return on(plain, async ({ store }: Stage) => {
    await store.withRedis((redis) => redis.call(set, ...setArgs))
    await delay(refusingMs)
    await store.withRedis((redis) => redis.call(reset, ...resetArgs))
  })
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
