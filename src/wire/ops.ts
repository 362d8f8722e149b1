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

/** A process that fell silent and did not say that it stops. It is listed for 15 minutes, with what it had. */
export const OpsLost = z
  .object({
    node: z.string(),
    worker: count,
    startedAt: Instant,
    /** When it reported last, by the clock of Redis. */
    lastSeenAt: Instant,
    /** The time since then. A pause in which no process could report counts as 4 s at most. */
    ageMs: z.int().min(0),
    /** Whether a process that began later reports for the same node and worker. */
    replaced: z.boolean(),
    connections: z.object({ websocket: count, polling: count, sse: count }),
    followers: count,
    behind: count,
  })
  .meta({ id: 'OpsLost' })
export type OpsLost = z.infer<typeof OpsLost>

/** At least 20 followers and at least 20 % of them left within a minute, and more than 10 % are still missing. */
const OpsDrop = z
  .object({
    from: count,
    /** How many there are now. */
    to: count,
    ageMs: z.int().min(0),
  })
  .meta({ id: 'OpsDrop' })

/** `total` sums up `nodes`; what lost processes had is not in it. `drop` is told for 15 minutes at most. */
export const OpsNodes = z
  .object({
    at: Instant,
    nodes: z.array(OpsNode),
    lost: z.array(OpsLost),
    drop: OpsDrop.nullable(),
    total: z.object(counts),
  })
  .meta({ id: 'OpsNodes' })
export type OpsNodes = z.infer<typeof OpsNodes>

export const OpsChannel = z.object({ channel: z.string(), ...counts }).meta({ id: 'OpsChannel' })
export type OpsChannel = z.infer<typeof OpsChannel>

/** Sums over all processes. `ageMs` is the age of the oldest report in them. */
export const OpsChannels = z
  .object({ at: Instant, ageMs: z.int().min(0), channels: z.array(OpsChannel) })
  .meta({ id: 'OpsChannels' })
export type OpsChannels = z.infer<typeof OpsChannels>
