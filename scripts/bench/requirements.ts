import { written } from './figures.ts'
import type { Results } from './results.ts'
import type { ServerName } from './servers/server.ts'

/** A figure that must be reached. The least demand of a fault is that none ever came, and so the worst run counts. */
interface Requirement {
  readonly what: string
  readonly measure: string
  readonly figure: string
  readonly max: number
  readonly unit: string
  /** The value counts as a multiple of this server's. */
  readonly of?: { readonly server: ServerName; readonly measure: string; readonly figure: string }
  readonly worst?: true
}

export interface Verdict {
  readonly what: string
  readonly must: string
  /** What was measured, or a dash. */
  readonly is: string
  /** Null where it was not measured, or what it is compared with was not. */
  readonly reached: boolean | null
}

const perDelivery = (
  [what, figure]: readonly [string, string],
  [server, max]: readonly [ServerName, number],
): Requirement => ({
  what: `CPU per delivery, ${what} audience, of ${server}'s`,
  measure: 'deliveries',
  figure,
  max,
  unit: '×',
  of: { server, measure: 'deliveries', figure },
})

const audiences = [
  ['smaller', 'cpuSmall'],
  ['larger', 'cpuLarge'],
] as const
const deliveryLimits = [
  ['floor', 1.2],
  ['Nchan', 0.85],
  ['Socket.IO', 0.5],
] as const

const floorSmall = { server: 'floor', measure: 'deliveries', figure: 'cpuSmall' } as const
const floorLarge = { server: 'floor', measure: 'deliveries', figure: 'cpuLarge' } as const
const stockConnect = { server: 'Socket.IO', measure: 'followers', figure: 'cpuConnect' } as const

const requirements: readonly Requirement[] = [
  ...audiences.flatMap((audience) => deliveryLimits.map((limit) => perDelivery(audience, limit))),
  { what: 'memory per follower', measure: 'followers', figure: 'rssPerFollower', max: 12, unit: 'KB' },
  {
    what: "CPU per connect and follow, of Socket.IO's",
    measure: 'followers',
    figure: 'cpuConnect',
    max: 0.6,
    unit: '×',
    of: stockConnect,
  },
  {
    what: 'publish answered during broadcasts, p99, of idle',
    measure: 'answers',
    figure: 'ratioP99',
    max: 3,
    unit: '×',
  },
  { what: 'storm: faults in what followers hold', measure: 'storm', figure: 'wrong', max: 0, unit: '', worst: true },
  { what: 'storm: posts refused', measure: 'storm', figure: 'refused', max: 0, unit: '', worst: true },
  {
    what: "storm: CPU per post per follower, of floor's per delivery",
    measure: 'storm',
    figure: 'cpu',
    max: 0.3,
    unit: '×',
    of: floorSmall,
  },
  { what: 'storm: publish to receipt, p99', measure: 'storm', figure: 'receiptP99', max: 1_000, unit: 'ms' },
  {
    what: 'deflate: bytes on the wire, of those without',
    measure: 'deflate',
    figure: 'bytesRatio',
    max: 0.55,
    unit: '×',
  },
  { what: 'deflate: CPU per delivery, of that without', measure: 'deflate', figure: 'cpuRatio', max: 1.1, unit: '×' },
  { what: 'all back at once: till whole', measure: 'returns', figure: 'seconds', max: 10, unit: 's' },
  { what: 'all back at once: refused', measure: 'returns', figure: 'refused', max: 0, unit: '', worst: true },
  { what: 'all back at once: short', measure: 'returns', figure: 'short', max: 0, unit: '', worst: true },
  {
    what: 'Redis commands per post, larger audience and small one, apart',
    measure: 'commands',
    figure: 'apart',
    max: 1.05,
    unit: '×',
  },
  { what: 'two workers: followers not served', measure: 'workers', figure: 'missing', max: 0, unit: '', worst: true },
  {
    what: "two workers: CPU per delivery, of floor's with the larger audience",
    measure: 'workers',
    figure: 'cpu',
    max: 1.2,
    unit: '×',
    of: floorLarge,
  },
  { what: 'two workers: memory per follower', measure: 'workers', figure: 'pssPerFollower', max: 12, unit: 'KB' },
]

/** What was asked of Wirecopy, what it is, and whether that is enough; by medians, for faults by the worst run. */
export function verdicts(results: Results): Verdict[] {
  return requirements.map(({ what, max, unit, ...requirement }) => {
    const value = valueIn(results, requirement)
    const inUnit = (number: string) => (unit === '' ? number : `${number} ${unit}`)
    return {
      what,
      must: max === 0 ? 'none' : `≤ ${inUnit(String(max))}`,
      is: value === null ? '–' : inUnit(written(value)),
      reached: value === null ? null : value <= max,
    }
  })
}

function valueIn(
  results: Results,
  { measure, figure, of, worst }: Pick<Requirement, 'measure' | 'figure' | 'of' | 'worst'>,
): number | null {
  const ours = results.spread(measure, 'Wirecopy', figure)
  if (ours === null) return null
  const value = worst === true ? ours.max : ours.median
  if (of === undefined) return value
  const theirs = results.spread(of.measure, of.server, of.figure)
  return theirs === null || theirs.median === 0 ? null : value / theirs.median
}
