import { z } from 'zod'

/**
 * A connection on which a request to upgrade to websocket came to the wrong worker goes with the first of these, and the
 * request comes with the second. Node holds a message back until the sockets sent before it have been taken, and only
 * then closes its own copy of each, which until then may still read. So whoever has the second knows that nobody else
 * reads from the connection any more, and may answer. Were it answered before, what the client says next might be lost.
 */
const Connection = z.object({
  kind: z.literal('connection'),
  id: z.string(),
  /** The worker that has the session. */
  to: z.int().min(0),
})
const Upgrade = z.object({
  kind: z.literal('upgrade'),
  id: z.string(),
  to: z.int().min(0),
  /** The request as it came, with what was sent after it, in base64. */
  text: z.string(),
})

const FromWorker = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('listening') }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
  /** Whether posts reach its followers; said first when they do. */
  z.object({ kind: z.literal('ready'), ready: z.boolean() }),
  Connection,
  Upgrade,
])
export type FromWorker = z.infer<typeof FromWorker>

const FromPrimary = z.discriminatedUnion('kind', [
  /** Let followers go, finish, and end. */
  z.object({ kind: z.literal('stop') }),
  z.object({
    kind: z.literal('node'),
    /** How many workers of this node ended by themselves and were started again. */
    restarted: z.int().min(0),
    /** How many of those that run were ready, and are not. */
    unready: z.int().min(0),
  }),
  Connection,
  Upgrade,
])
export type FromPrimary = z.infer<typeof FromPrimary>

/** Null for what is not ours: other code in the process may use the channel, too. */
export function fromWorker(message: unknown): FromWorker | null {
  return FromWorker.safeParse(message).data ?? null
}

export function fromPrimary(message: unknown): FromPrimary | null {
  return FromPrimary.safeParse(message).data ?? null
}
