import type { Abuse, Found, Scale } from './abuse.ts'
import type { CrowdOptions } from './attacks/requests.ts'
import type { Scene } from './scene.ts'

/** Less than the connections that come. */
const openFilesMax = 512
/** Longer than a request may take to come whole, and than a connection may be idle. */
const slowMs = 90_000

/** Connections that ask for next to nothing, and stay. */
export const crowdAbuses: readonly Abuse[] = [
  { ...crowdOf('silent', 0), fullOnly: true },
  crowdOf('one byte', 0),
  { ...crowdOf('idle', 0), fullOnly: true },
  { ...crowdOf('slow header', slowMs), fullOnly: true },
  crowdOf('slow body', slowMs),
]

function crowdOf(kind: CrowdOptions['kind'], holdMs: number): Abuse {
  return {
    name: `a crowd of connections: ${kind}`,
    openFilesMax,
    bounds: () => ({ filesGrowthMax: openFilesMax }),
    run: (scene, scale) => crowd(scene, kind, scale === 'full' ? holdMs : 0, scale),
  }
}

async function crowd(scene: Scene, kind: CrowdOptions['kind'], holdMs: number, scale: Scale): Promise<Found> {
  const connections = scale === 'full' ? 2_000 : 700
  const { inputs, counts } = await scene.attack('crowd', { kind, connections, holdMs })
  await scene.watch.rest()
  const open = await scene.openConnections()
  await scene.leave()
  const answered = await fetch(`${scene.url}/health/live`).then(
    ({ ok }) => ok,
    () => false,
  )
  return {
    inputs,
    zeros: {
      'not answered afterwards': answered ? 0 : 1,
      ...(holdMs > 0 ? { 'slow ones left open': open } : {}),
    },
    told: { refused: counts['refused'] ?? 0, closed: connections - open },
  }
}
