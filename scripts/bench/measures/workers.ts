import { setTimeout as delay } from 'node:timers/promises'
import { settings } from '../../../src/config.ts'
import { shortBytes } from '../posts.ts'
import { Session } from '../session.ts'
import { requireWhole } from './deliveries.ts'
import { measure } from './measure.ts'
import { firstPosts } from './warm-up.ts'

const workers = 2
/** They reach nobody yet; a server warms up by them. */
const postsBefore = 200
const restMs = 2_000

export const twoWorkers = measure({
  name: 'workers',
  about: ({ large, posts, stayMs }) =>
    `${workers * large} followers on ${workers} workers, who stay for ${stayMs / 1_000} s and then get ${posts} posts`,
  peers: [],
  figures: {
    served: { title: 'followers served', unit: '' },
    missing: { title: 'followers that could not be served', unit: '' },
    cpuConnect: { title: 'server CPU per connect and follow', unit: 'µs' },
    rssPerFollower: { title: 'growth of resident memory per follower', unit: 'KB' },
    pssPerFollower: { title: 'the same, shared pages counted once', unit: 'KB' },
    cpu: { title: 'server CPU per delivery', unit: 'µs' },
  },
  lacking: () =>
    settings.shape.WORKERS.safeParse(String(workers)).success ? null : `this version does not take WORKERS=${workers}`,
  run: async (kind, { large, posts, stayMs }) =>
    await Session.with(kind, { workers, swarms: workers }, async (session) => {
      const all = workers * large
      for (let post = 0; post < postsBefore; post++) await session.publish(shortBytes)
      await delay(restMs)
      const before = session.memory()
      const connecting = await session.costOf(() => session.connect(all))
      await delay(stayMs)
      const after = session.memory()
      await session.publishEach(firstPosts, shortBytes)
      const delivering = await session.costOf(() => session.publishEach(posts, shortBytes))
      requireWhole(delivering, all * posts)
      const { ready } = delivering.report
      return {
        served: ready,
        missing: all - ready,
        cpuConnect: (connecting.serverMs * 1_000) / all,
        rssPerFollower: (after.rssKb - before.rssKb) / all,
        pssPerFollower: after.pssKb === null || before.pssKb === null ? null : (after.pssKb - before.pssKb) / all,
        cpu: (delivering.serverMs * 1_000) / delivering.report.deliveries,
      }
    }),
})
