import { limits } from '../../../src/wire/limits.ts'
import { type Abuse, boundsPreset, sumOf } from './abuse.ts'
import type { Attacked } from './attacks/attack.ts'
import type { FloodOptions } from './attacks/frames.ts'
import type { Scene } from './scene.ts'
import type { Transport } from './wire.ts'

const transports: readonly Transport[] = ['websocket', 'upgraded']
/** The snapshot of the large channel has so many bytes, about. */
const snapshotBytes = 900_000
const mb = 1_048_576

function found({ inputs, counts }: Attacked) {
  return { inputs, zeros: { 'connections left open': counts['left open'] ?? 0 } }
}

async function floods(scene: Scene, options: Omit<FloodOptions, 'transport'>): Promise<Attacked> {
  const all: Attacked[] = []
  for (const transport of transports) all.push(await scene.attack('flood', { ...options, transport }))
  return sumOf(all)
}

/** What a client by websocket can provoke, whether it came so or upgraded from long polling. */
export const websocketAbuses: readonly Abuse[] = [
  {
    name: 'fragments without end',
    run: async (scene, scale) => {
      const count = scale === 'full' ? 3_000_000 : 300_000
      const all: Attacked[] = []
      for (const transport of transports) {
        all.push(await scene.attack('fragments', { transport, count, bytes: 0 }))
        all.push(await scene.attack('fragments', { transport, count: count / 10, bytes: 1 }))
      }
      return found(sumOf(all))
    },
  },
  {
    name: 'pings that are read',
    run: async (scene, scale) =>
      found(await floods(scene, { kind: 'ping', count: scale === 'full' ? 1_000_000 : 60_000, reads: true })),
  },
  {
    name: 'pings that are not read',
    run: async (scene, scale) =>
      found(await floods(scene, { kind: 'ping', count: scale === 'full' ? 1_500_000 : 100_000, reads: false })),
  },
  {
    name: 'packets that provoke errors',
    run: async (scene, scale) => {
      const count = scale === 'full' ? 200_000 : 20_000
      const all: Attacked[] = []
      for (const kind of ['foreign namespace', 'acknowledgement'] as const) {
        all.push(await floods(scene, { kind, count, reads: false }))
      }
      return found(sumOf(all))
    },
  },
  {
    name: 'polls that are never fetched',
    // Of the follows, each session may have as much waiting as any connection.
    bounds: (scale) => ({
      rssGrowthMbMax: boundsPreset.rssGrowthMbMax + (sessionsOf(scale) * limits.waitingBytesMax) / mb,
      // They stay until they have missed a ping.
      heldGrowthMbMax: boundsPreset.heldGrowthMbMax + (sessionsOf(scale) * limits.waitingBytesMax) / mb,
    }),
    prepare: makeLarge,
    run: async (scene, scale) => {
      const sessions = sessionsOf(scale)
      const packets = await scene.attack('unfetched', { sessions, posts: 4, channel: null })
      const follows = await scene.attack('unfetched', { sessions, posts: 1, channel: scene.large })
      return { ...found(packets), inputs: packets.inputs + follows.inputs }
    },
  },
  {
    name: 'follows with ever new ids',
    bounds: (scale) => ({
      rssGrowthMbMax: boundsPreset.rssGrowthMbMax + (followersOf(scale) * limits.waitingBytesMax) / mb,
      // The snapshot, and the forms in which it was sent.
      heldGrowthMbMax: 32,
      filesGrowthMax: boundsPreset.filesGrowthMax + followersOf(scale),
    }),
    prepare: makeLarge,
    run: async (scene, scale) => {
      const follows = scale === 'full' ? limits.eventsBurstMax * 2 : 10
      const options = { connections: followersOf(scale), follows, channel: scene.large }
      const { inputs, counts } = await scene.attack('newIds', options)
      return { inputs, zeros: { disconnected: counts['disconnected'] ?? 0 } }
    },
  },
]

function sessionsOf(scale: 'short' | 'full'): number {
  return scale === 'full' ? 20 : 5
}

function followersOf(scale: 'short' | 'full'): number {
  return scale === 'full' ? 100 : 10
}

async function makeLarge(scene: Scene): Promise<void> {
  await scene.openLarge()
  // Each text is in a snapshot twice, as HTML and as text.
  const posts = 15
  await scene.fill(scene.large, posts, snapshotBytes / posts / 2)
}
