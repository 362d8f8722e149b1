import { setTimeout as delay } from 'node:timers/promises'
import type { OpsChannels } from '../../src/wire/ops.ts'
import { Ballast } from './ballast.ts'
import type { Coverage } from './coverage.ts'
import { on } from './fault.ts'
import { adminKey } from './node.ts'
import { plain } from './setting.ts'
import type { Stage } from './stage.ts'
import { until } from './until.ts'

/** At 25 writes a second, a log of two seconds. */
const logChanges = 50
const trimmingMs = 10_000
/** Up to three times what the log keeps. */
const awayMsMax = 6_000

const asleepShare = 0.1
/** Twice what the log keeps, once the sleepers' sockets are full. */
const asleepMs = 5_000
const fullMsMax = 60_000
/** So many of them must be stuck. One or two may have lost their connection as they fell asleep. */
const sleepersShare = 0.95
const ballastChars = 60_000

export const logFaults = {
  'log trimmed past cursors': on({ ...plain, logChanges, awayMsMax }, () => delay(trimmingMs), { startsOver: true }),
  'followers asleep': on({ ...plain, logChanges }, asleep, { startsOver: true }),
} as const

/** They stop reading, and their sockets are filled. The sleep begins once the nodes count them as behind. */
async function asleep(stage: Stage, [coverage]: readonly Coverage[]): Promise<void> {
  if (coverage === undefined) throw new Error('There is nobody to fall asleep.')
  const { audience } = coverage
  const ballast = await Ballast.make(stage, ballastChars)
  const sleepers = audience.fallAsleep(asleepShare, Ballast.channel)
  const areFull = async () => {
    await ballast.edit()
    return (await behind(stage)) >= sleepers * sleepersShare
  }
  try {
    await until('the sockets of those asleep are full', areFull, fullMsMax)
    await delay(asleepMs)
  } finally {
    audience.wake()
  }
}

/** How many of those who follow the ballast have full sockets, as the nodes report it. */
async function behind(stage: Stage): Promise<number> {
  const headers = { authorization: `Bearer ${adminKey}` }
  const response = await fetch(`${stage.anyNode()}/v1/ops/channels`, { headers })
  const { channels }: OpsChannels = await response.json()
  return channels.find(({ channel }) => channel === Ballast.channel)?.behind ?? 0
}
