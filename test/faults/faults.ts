import { setTimeout as delay } from 'node:timers/promises'
import type { Program, Stage } from './stage.ts'

/** What goes wrong. It resolves at the fault's end: once what was taken away is started, or given, again. */
export type Fault = (stage: Stage) => Promise<void>

const downMs = 1_000
const pausedMs = 5_000
const refusingMs = 3_000
const repeats = 10
const repeatEveryMs = 200

export const faults = {
  'one node killed': async ({ nodes }) => {
    for (const node of nodes.slice(0, 1)) await killAndStart([node])
  },
  'all nodes killed': ({ nodes }) => killAndStart(nodes),
  'one node stopped': async ({ nodes }) => {
    for (const node of nodes.slice(0, 1)) {
      const code = await node.end('SIGTERM')
      node.start()
      if (code !== 0) throw new Error(`A node that was told to stop ended with ${code ?? 'a signal'}, not with 0.`)
    }
  },
  'Redis killed': ({ redis }) => killAndStart([redis]),
  'Redis paused for 5 s': async ({ redis }) => {
    redis.signal('SIGSTOP')
    await delay(pausedMs)
    redis.signal('SIGCONT')
  },
  'scripts flushed': (stage) => repeatedly(stage, ['SCRIPT', 'FLUSH']),
  'connections to Redis cut': (stage) => repeatedly(stage, ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']),
  'Redis out of memory for 3 s': (stage) =>
    setAndReset(stage, ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']),
  // A replica of nobody takes no writes, and keeps what it has.
  'Redis read-only for 3 s': (stage) => setAndReset(stage, ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']),
  'Redis emptied': async (stage) => {
    await stage.withRedis((redis) => redis.flushall())
    await delay(downMs)
    await stage.createChannel()
  },
} as const satisfies Record<string, Fault>

export type FaultName = keyof typeof faults
export const faultNames = Object.keys(faults) as FaultName[]

async function killAndStart(programs: readonly Program[]): Promise<void> {
  await Promise.all(programs.map((program) => program.end('SIGKILL')))
  await delay(downMs)
  for (const program of programs) program.start()
}

type Command = readonly [string, ...string[]]

async function setAndReset(stage: Stage, [set, ...setArgs]: Command, [reset, ...resetArgs]: Command): Promise<void> {
  await stage.withRedis((redis) => redis.call(set, ...setArgs))
  await delay(refusingMs)
  await stage.withRedis((redis) => redis.call(reset, ...resetArgs))
}

async function repeatedly(stage: Stage, [command, ...args]: Command): Promise<void> {
  await stage.withRedis(async (redis) => {
    for (let i = 0; i < repeats; i++) {
      await redis.call(command, ...args)
      await delay(repeatEveryMs)
    }
  })
}
