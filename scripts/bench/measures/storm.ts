import { setTimeout as delay } from 'node:timers/promises'
import { percentile } from '../figures.ts'
import { shortBytes } from '../posts.ts'
import type { Published } from '../servers/server.ts'
import { Session } from '../session.ts'
import { measure } from './measure.ts'

const postsPerSecond = 200
const warmUpPosts = 20

export const storm = measure({
  name: 'storm',
  about: ({ small, stormMs }) =>
    `${postsPerSecond} posts of ${shortBytes} bytes a second into one channel for ${stormMs / 1_000} s, with ${small} followers, answered or not`,
  peers: [],
  figures: {
    wrong: { title: 'faults in what followers hold', unit: '' },
    refused: { title: 'posts refused', unit: '' },
    perSecond: { title: 'posts acknowledged per second', unit: '' },
    cpu: { title: 'server CPU per post per follower', unit: 'µs' },
    perBatch: { title: 'posts per batch', unit: '' },
    receiptP50: { title: 'publish to receipt, p50', unit: 'ms' },
    receiptP99: { title: 'publish to receipt, p99', unit: 'ms' },
    swarmCpu: { title: "swarm's CPU per post per follower", unit: 'µs' },
  },
  run: async (kind, { small, stormMs }) =>
    await Session.with(kind, {}, async (session) => {
      await session.connect(small)
      await session.publishEach(warmUpPosts, shortBytes)
      let published: readonly Published[] = []
      let publishMs = 0
      let atEnd = 0
      const cost = await session.costOf(async () => {
        const before = performance.now()
        published = await publishAtRate(session, stormMs)
        publishMs = performance.now() - before
        const last = Math.max(...published.map(({ offset }) => offset))
        atEnd = (await session.swarm.until(last, 60_000)).atGoal
      })
      const { report } = cost
      const due = published.length * small
      const missing = Math.abs(due - report.deliveries)
      const p = (part: number) => (percentile(report.latencyUs, part) ?? 0) / 1_000
      return {
        wrong: report.gaps + report.repeats + report.lost + missing + (small - atEnd),
        refused: Math.round((stormMs * postsPerSecond) / 1_000) - published.length,
        perSecond: (published.length * 1_000) / publishMs,
        cpu: (cost.serverMs * 1_000) / due,
        perBatch: report.deliveries / report.batches,
        receiptP50: p(0.5),
        receiptP99: p(0.99),
        swarmCpu: (cost.swarmMs * 1_000) / due,
      }
    }),
})

/** Posts go out when they are due, whether those before them were answered or not. Gives those that were acknowledged. */
async function publishAtRate(session: Session, stormMs: number): Promise<readonly Published[]> {
  const count = Math.round((stormMs * postsPerSecond) / 1_000)
  const begun = performance.now()
  const asked: Promise<Published | null>[] = []
  while (asked.length < count) {
    const due = Math.min(count, Math.floor(((performance.now() - begun) * postsPerSecond) / 1_000) + 1)
    while (asked.length < due) asked.push(session.publish(shortBytes).catch(() => null))
    await delay(1)
  }
  return (await Promise.all(asked)).filter((one) => one !== null)
}
