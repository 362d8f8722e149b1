import { z } from 'zod'
import { Instant } from './scalars.ts'

const count = z.int().min(0)

/** Open connections by the way they came. A follower counts once for each channel that it follows. */
const counts = {
  websocket: count,
  polling: count,
  sse: count,
  followers: count,
  /** Followers that wait for their socket to drain before they get the changes they lack. */
  behind: count,
} as const

export const OpsNode = z
  .object({
    node: z.string(),
    worker: count,
    startedAt: Instant,
    /** How old these figures are: the time since the process last reported them. */
    ageMs: z.int().min(0),
    ready: z.boolean(),
    reason: z.string().optional(),
    connections: z.object({ websocket: count, polling: count, sse: count }),
    followers: count,
    behind: count,
    channels: count,
  })
  .meta({ id: 'OpsNode' })
export type OpsNode = z.infer<typeof OpsNode>

export const OpsNodes = z
  .object({ at: Instant, nodes: z.array(OpsNode), total: z.object(counts) })
  .meta({ id: 'OpsNodes' })
export type OpsNodes = z.infer<typeof OpsNodes>

export const OpsChannel = z.object({ channel: z.string(), ...counts }).meta({ id: 'OpsChannel' })
export type OpsChannel = z.infer<typeof OpsChannel>

/** Sums over all processes. `ageMs` is the age of the oldest report in them. */
export const OpsChannels = z
  .object({ at: Instant, ageMs: z.int().min(0), channels: z.array(OpsChannel) })
  .meta({ id: 'OpsChannels' })
export type OpsChannels = z.infer<typeof OpsChannels>
