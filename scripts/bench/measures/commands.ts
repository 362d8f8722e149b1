import { setTimeout as delay } from 'node:timers/promises'
import { shortBytes } from '../posts.ts'
import type { RunningServer, ServerKind } from '../servers/server.ts'
import { Session } from '../session.ts'
import { measure } from './measure.ts'

const few = 100
const posts = 40
/** Whole rounds of what goes on without posts: probes each second, counts each two, sweeps each five. */
const backgroundMs = 10_000
/** After a broadcast the server reads the snapshot ahead. A post that came meanwhile would spare it that, now and then. */
const pauseMs = 100

export const commands = measure({
  name: 'commands',
  about: ({ large }) =>
    `commands that Redis is sent for a post, scripts' own ones included, at ${few} and at ${large} followers`,
  peers: [],
  figures: {
    few: { title: `Redis commands per post, ${few} followers`, unit: '' },
    many: { title: 'Redis commands per post, larger audience', unit: '' },
    apart: { title: 'the larger of the two, of the smaller', unit: '×' },
  },
  run: async (kind, { large }) => {
    const atFew = await perPost(kind, few)
    const atMany = await perPost(kind, large)
    return { few: atFew, many: atMany, apart: Math.max(atFew, atMany) / Math.min(atFew, atMany) }
  },
})

async function perPost(kind: ServerKind, followers: number): Promise<number> {
  return await Session.with(kind, {}, async (session) => {
    await session.connect(followers)
    await publishAll(session, 5)
    const perMs = (await callsDuring(session.server, () => delay(backgroundMs))) / backgroundMs
    const before = performance.now()
    const calls = await callsDuring(session.server, () => publishAll(session, posts))
    return (calls - perMs * (performance.now() - before)) / posts
  })
}

async function publishAll(session: Session, count: number): Promise<void> {
  for (let post = 0; post < count; post++) {
    await session.publishEach(1, shortBytes)
    await delay(pauseMs)
  }
}

async function callsDuring(server: RunningServer, work: () => Promise<void>): Promise<number> {
  const before = await callsSoFar(server)
  await work()
  // INFO counts itself from the next one on.
  return (await callsSoFar(server)) - before - 1
}

/** What else a new connection of ours asks for is not counted; INFO is, since scripts ask for it too. */
async function callsSoFar({ withStore }: RunningServer): Promise<number> {
  if (withStore === null) throw new Error('This server has no Redis.')
  const info = await withStore((redis) => redis.info('commandstats'))
  const ours = new Set(['hello', 'client', 'select', 'ping'])
  const lines = [...info.matchAll(/^cmdstat_([^:|\n]+)(?:\|[^:\n]*)?:calls=(\d+)/gm)]
  return lines.reduce((sum, [, name = '', calls]) => sum + (ours.has(name) ? 0 : Number(calls)), 0)
}
