import { longBytes } from '../posts.ts'
import type { ServerKind } from '../servers/server.ts'
import { type Cost, Session } from '../session.ts'
import { requireWhole } from './deliveries.ts'
import { measure, type Sizes } from './measure.ts'
import { connectWarm } from './warm-up.ts'

export const deflate = measure({
  name: 'deflate',
  about: ({ small, posts }) =>
    `${posts} posts of ${longBytes} bytes of prose to ${small} followers, without permessage-deflate and with it offered`,
  peers: [],
  figures: {
    negotiated: { title: 'connections that agreed on it', unit: '%' },
    bytesPlain: { title: 'bytes on the wire per delivery, without', unit: 'B' },
    bytesDeflated: { title: 'bytes on the wire per delivery, with it', unit: 'B' },
    bytesRatio: { title: 'bytes with it, of those without', unit: '×' },
    cpuPlain: { title: 'server CPU per delivery, without', unit: 'µs' },
    cpuDeflated: { title: 'server CPU per delivery, with it', unit: 'µs' },
    cpuRatio: { title: 'CPU with it, of that without', unit: '×' },
  },
  run: async (kind, sizes) => {
    const plain = await costOf(kind, sizes, false)
    const deflated = await costOf(kind, sizes, true)
    const bytes = ({ report }: Cost) => report.bytes / report.deliveries
    const cpu = ({ serverMs, report }: Cost) => (serverMs * 1_000) / report.deliveries
    return {
      negotiated: (100 * deflated.report.negotiated) / sizes.small,
      bytesPlain: bytes(plain),
      bytesDeflated: bytes(deflated),
      bytesRatio: bytes(deflated) / bytes(plain),
      cpuPlain: cpu(plain),
      cpuDeflated: cpu(deflated),
      cpuRatio: cpu(deflated) / cpu(plain),
    }
  },
})

async function costOf(kind: ServerKind, { small, posts }: Sizes, offered: boolean): Promise<Cost> {
  return await Session.with(kind, { deflate: offered }, async (session) => {
    await connectWarm(session, small, longBytes)
    const cost = await session.costOf(() => session.publishEach(posts, longBytes))
    requireWhole(cost, small * posts)
    return cost
  })
}
