import type { Batch, Snapshot } from '../wire/batch.ts'
import type { Steer } from '../wire/events.ts'
import type { Cursor } from '../wire/scalars.ts'
import type { Compression } from './compression.ts'
import type { FeedError } from './failure.ts'
import type { Addresses } from './requests.ts'
import type { Timing } from './timing.ts'
import type { Transport } from './transports.ts'

/** Why a snapshot came instead of changes, as far as the server said. */
export type ToldReason = 'epoch' | 'too-old' | 'ahead' | undefined

/** What a line tells. After `lost` it tells nothing more. */
export type Signal =
  | { readonly kind: 'opened' }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot; readonly reason: ToldReason }
  /** `answers` is true where the batch was asked for by the cursor, so that it must fit it. */
  | { readonly kind: 'batch'; readonly batch: Batch; readonly answers: boolean }
  /** What was asked for has been told: the follower has all that there was. */
  | { readonly kind: 'caught-up' }
  /** Whether the server refuses requests because too many come, so that changes come later than usual. */
  | { readonly kind: 'slowed'; readonly slowed: boolean }
  | { readonly kind: 'steer'; readonly steer: Steer }
  | { readonly kind: 'lost'; readonly error: FeedError }

/**
 * One connection to one channel over one transport. It begins to open when it is made, and each thing that it does ends
 * in a signal within the times of `Timing`: `caught-up`, or `lost`.
 */
export interface Line {
  /** How it follows now. */
  readonly transport: Transport
  /** Asks again for all past the cursor, at once; ends in `caught-up` or `lost`, as the first time. */
  refollow(): void
  /** Lets go of everything, and tells nothing more. */
  close(): void
}

export interface LineContext {
  readonly base: URL
  readonly channel: string
  readonly addresses: Addresses
  readonly timing: Timing
  readonly compression: Compression
  /** Where the follower stands now; null before it has a snapshot. */
  cursor(): Cursor | null
  /** The time until the next poll, given the server's word on it. */
  pollDelayMs(told: number | null): number
  tell(signal: Signal): void
}

export type OpenLine = (context: LineContext) => Line
