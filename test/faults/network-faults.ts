import { setTimeout as delay } from 'node:timers/promises'
import { on } from './fault.ts'
import type { Healing, Link, Trouble } from './link.ts'
import { LinkedRedis } from './linked-redis.ts'
import { plain, type Setting } from './setting.ts'

const delayed: Trouble = { kind: 'delay', msMin: 150, msMax: 300 }
const cutThere: Trouble = { kind: 'cut', there: true, back: false }
const cutBack: Trouble = { kind: 'cut', there: false, back: true }
const cut: Trouble = { kind: 'cut', there: true, back: true }
const troubledMs = 8_000
/**
 * A cut of one way is held, not swallowed: TCP sends again what was not acknowledged, so that after a cut this short all
 * of it arrives, late, and among it what its sender has given up by then. Longer than a publisher waits for its answer,
 * which is longer than a node waits for Redis.
 */
const cutMs = 9_000
const betweenMs = 1_000
/** Bytes after which a connection to Redis breaks, and one to a node: each of them several times in the fault. */
const redisBytesMax = 200_000
const followerBytesMax = 100_000

const toRedis: Setting<LinkedRedis> = { store: (folder) => new LinkedRedis(folder) }
const toNodes = { ...plain, linked: true }

export const networkFaults = {
  'Redis link delayed': redisLink((links) => troubled(links, delayed)),
  'Redis link cut one way': redisLink(cutEachWay),
  // The hardest case: nobody tells the nodes that their connections are dead for good.
  'Redis link cut': redisLink((links) => troubled(links, cut, cutMs, 'forget')),
  'Redis link truncated': redisLink((links) => troubled(links, { kind: 'truncate', bytesMax: redisBytesMax })),
  'followers delayed': followerLinks((links) => troubled(links, delayed)),
  'followers cut off one way': followerLinks(cutEachWay),
  // Whoever listens only would notice a connection that is dead for good by the missing pings, after 45 s, and no sooner.
  'followers cut off': followerLinks((links) => troubled(links, cut, cutMs, 'reset')),
  'followers truncated': followerLinks((links) => troubled(links, { kind: 'truncate', bytesMax: followerBytesMax })),
} as const

function redisLink(run: (links: readonly Link[]) => Promise<void>) {
  return on(toRedis, ({ store }) => run([store.link]))
}

function followerLinks(run: (links: readonly Link[]) => Promise<void>) {
  return on(toNodes, ({ links }) => run(links))
}

async function cutEachWay(links: readonly Link[]): Promise<void> {
  await troubled(links, cutThere, cutMs)
  await delay(betweenMs)
  await troubled(links, cutBack, cutMs)
}

async function troubled(links: readonly Link[], trouble: Trouble, ms = troubledMs, healing?: Healing): Promise<void> {
  for (const link of links) link.trouble(trouble)
  await delay(ms)
  for (const link of links) link.heal(healing)
}
