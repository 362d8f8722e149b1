import { z } from 'zod'
import type { Batch, Snapshot } from './batch.ts'
import type { Problem } from './problem.ts'
import { ChannelId, Cursor } from './scalars.ts'

/** The path at which Socket.IO listens; its clients use it by default. */
export const socketPath = '/socket.io/'

/** `after: null` is the same as none: clients in many languages send what is not set as null. */
export const FollowRequest = z.strictObject({ channel: ChannelId, after: Cursor.nullish() })
export interface FollowRequest {
  channel: ChannelId
  after?: Cursor | undefined
}

export const UnfollowRequest = z.strictObject({ channel: ChannelId })
export type UnfollowRequest = z.infer<typeof UnfollowRequest>

/** Why a cursor can't be served: it is of another log, or the log no longer reaches back to it. */
export type ResetReason = 'epoch' | 'too-old'

export type FollowAnswer =
  | { ok: true; batch: Batch }
  | { ok: true; snapshot: Snapshot; reset?: ResetReason }
  | { ok: false; error: Problem }

type UnfollowAnswer = { ok: true } | { ok: false; error: Problem }

/**
 * What a client should do next. It waits `afterMs` and a random part of `spreadMs` besides, so that an audience told
 * at once does not come back at once. `poll` sends it to HTTP, asking every `intervalMs`.
 */
export interface Steer {
  action: 'reconnect' | 'poll'
  afterMs: number
  spreadMs: number
  intervalMs?: number
}

export interface ServerToClient {
  batch: (batch: Batch) => void
  steer: (steer: Steer) => void
}

export interface ClientToServer {
  follow: (request: FollowRequest, answer: (answer: FollowAnswer) => void) => void
  unfollow: (request: UnfollowRequest, answer: (answer: UnfollowAnswer) => void) => void
  /** Answered while the connection is alive. */
  echo: (answer: (answer: { ok: true }) => void) => void
}
