import { flood, fragments, newIds, unfetched } from './frames.ts'
import { fuzz } from './fuzz.ts'
import { crowd, hostileHeads, pipeline, reads, stalled } from './requests.ts'

/** What an attacker's process can be asked to do. */
export const attacks = {
  fragments,
  flood,
  unfetched,
  newIds,
  pipeline,
  stalled,
  reads,
  crowd,
  hostileHeads,
  fuzz,
} as const

export type AttackName = keyof typeof attacks
export type AttackOptions<N extends AttackName> = Parameters<(typeof attacks)[N]>[1]
