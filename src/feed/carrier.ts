import type { Steer } from '../wire/events.ts'
import type { Transport } from './channel-feed.ts'
import type { Outgoing } from './outgoing.ts'
import type { Direct } from './slice-writer.ts'

/** A client's connection, whatever carries it. */
export interface Carrier {
  readonly transport: Transport
  readonly connected: boolean
  /** Since when the other side has taken nothing, though something waits (`performance.now()`); else null. */
  readonly stuckSince: number | null
  /** Whether what is written now goes out now. If not, it calls `Following.drained` once it does. */
  ready(): boolean
  direct(): Direct | null
  send(outgoing: Outgoing): void
  steer(steer: Steer): void
  /** Ends the connection, so that a stock client comes back by itself. */
  close(): void
  /** Ends it at once, without waiting for the other side. */
  cutOff(): void
}
