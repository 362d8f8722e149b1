import type { OpsChannel } from '../wire/ops.ts'

/** What a process counts of its own connections. The feed gives it; the metrics and the registry tell it. */
export interface Counts {
  readonly connections: { readonly websocket: number; readonly polling: number; readonly sse: number }
  readonly channels: readonly OpsChannel[]
  /** Followers cut off for being stuck, since the start. */
  readonly cutOff: number
  /** What waits in the process for followers' sockets to take it. */
  readonly waitingBytes: number
}

export function followersOf(counts: Counts): { followers: number; behind: number } {
  let followers = 0
  let behind = 0
  for (const channel of counts.channels) {
    followers += channel.followers
    behind += channel.behind
  }
  return { followers, behind }
}
