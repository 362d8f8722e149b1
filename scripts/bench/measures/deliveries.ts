import { shortBytes } from '../posts.ts'
import { type Cost, Session } from '../session.ts'
import { allPeers, measure } from './measure.ts'
import { connectWarm, firstPosts } from './warm-up.ts'

export const deliveries = measure({
  name: 'deliveries',
  about: ({ small, large, posts }) =>
    `${posts} posts of ${shortBytes} bytes, each once all have the one before it, to ${small} and to ${large} followers of a channel`,
  peers: allPeers,
  figures: {
    cpuSmall: { title: 'server CPU per delivery, smaller audience', unit: 'µs' },
    cpuLarge: { title: 'server CPU per delivery, larger audience', unit: 'µs' },
    storeLarge: { title: "store's CPU per post, larger audience", unit: 'ms' },
    bytes: { title: 'bytes on the wire per delivery', unit: 'B' },
    swarmCpu: { title: "swarm's CPU per delivery, larger audience", unit: 'µs' },
    wallLarge: { title: 'time per post, larger audience', unit: 'ms' },
  },
  run: async (kind, { small, large, posts }) =>
    await Session.with(kind, {}, async (session) => {
      await connectWarm(session, small, shortBytes)
      const few = await session.costOf(() => session.publishEach(posts, shortBytes))
      await session.connect(large - small)
      await session.publishEach(firstPosts, shortBytes)
      const many = await session.costOf(() => session.publishEach(posts, shortBytes))
      requireWhole(few, small * posts)
      requireWhole(many, large * posts)
      return {
        cpuSmall: (few.serverMs * 1_000) / few.report.deliveries,
        cpuLarge: (many.serverMs * 1_000) / many.report.deliveries,
        storeLarge: many.storeMs / posts,
        bytes: many.report.bytes / many.report.deliveries,
        swarmCpu: (many.swarmMs * 1_000) / many.report.deliveries,
        wallLarge: many.wallMs / posts,
      }
    }),
})

/** A figure per delivery says nothing where deliveries were lost. */
export function requireWhole({ report }: Cost, due: number): void {
  const { deliveries: done, gaps, repeats, lost } = report
  if (done === due && gaps + repeats + lost === 0) return
  throw new Error(`${done} of ${due} deliveries, ${gaps} gaps, ${repeats} repeats, ${lost} followers lost.`)
}
