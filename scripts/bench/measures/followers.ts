import { setTimeout as delay } from 'node:timers/promises'
import { shortBytes } from '../posts.ts'
import { Session } from '../session.ts'
import { allPeers, measure } from './measure.ts'

/** Published before anyone follows, so that what the server keeps for a channel is there already. */
const postsBefore = 10
const restMs = 2_000

export const followers = measure({
  name: 'followers',
  about: ({ large, stayMs }) =>
    `${large} followers connect, 1,000 a second, and stay for ${stayMs / 1_000} s: what each costs to take in and to keep`,
  peers: allPeers,
  figures: {
    cpuConnect: { title: 'server CPU per connect and follow', unit: 'µs' },
    rssPerFollower: { title: 'growth of resident memory per follower', unit: 'KB' },
    pssPerFollower: { title: 'the same, shared pages counted once', unit: 'KB' },
    rssInAll: { title: 'resident memory in all, per follower', unit: 'KB' },
    rssBefore: { title: 'resident memory without followers', unit: 'MB' },
    cpuIdle: { title: 'server CPU while nothing is published', unit: 'ms/s' },
  },
  run: async (kind, { large, stayMs }) =>
    await Session.with(kind, {}, async (session) => {
      for (let post = 0; post < postsBefore; post++) await session.publish(shortBytes)
      await delay(restMs)
      const before = session.memory()
      const connecting = await session.costOf(() => session.connect(large))
      const staying = await session.costOf(() => delay(stayMs))
      const after = session.memory()
      if (staying.report.lost > 0) throw new Error(`${staying.report.lost} followers were lost.`)
      const pss = after.pssKb === null || before.pssKb === null ? null : (after.pssKb - before.pssKb) / large
      return {
        cpuConnect: (connecting.serverMs * 1_000) / large,
        rssPerFollower: (after.rssKb - before.rssKb) / large,
        pssPerFollower: pss,
        rssInAll: after.rssKb / large,
        rssBefore: before.rssKb / 1_024,
        cpuIdle: (staying.serverMs * 1_000) / staying.wallMs,
      }
    }),
})
