import type { Attacked } from './attacks/attack.ts'
import type { Scene } from './scene.ts'

/** What a node may take more than it took before, while it is abused and after that. */
export interface Bounds {
  /** Resident memory at its most. */
  readonly rssGrowthMbMax: number
  /** Objects and buffers that are still reachable once the attackers have gone. */
  readonly heldGrowthMbMax: number
  /** Open files at their most. */
  readonly filesGrowthMax: number
}

export const boundsPreset: Bounds = { rssGrowthMbMax: 96, heldGrowthMbMax: 24, filesGrowthMax: 64 }

/** How much of an abuse is tried. */
export type Scale = 'short' | 'full'

/** What came of an abuse. */
export interface Found {
  readonly inputs: number
  /** What has to be zero, by what it is. */
  readonly zeros: Readonly<Record<string, number>>
  /** What else is worth telling, by what it is. */
  readonly told?: Readonly<Record<string, number | string>>
}

export interface Abuse {
  readonly name: string
  /** Variables of the node. */
  readonly env?: Readonly<Record<string, string>>
  /** Files that the node may open. */
  readonly openFilesMax?: number
  /** Too long to be tried at the short scale. */
  readonly fullOnly?: boolean
  /** Whether the node may tell a publisher meanwhile to try again: the one answer that it has for want of resources. */
  readonly mayBeBusy?: boolean
  /** What it leaves behind ends later, so no other is tried on the same node. */
  readonly lingers?: boolean
  bounds?(scale: Scale): Partial<Bounds>
  /** What the node needs to have before anything is measured. */
  prepare?(scene: Scene, scale: Scale): Promise<void>
  run(scene: Scene, scale: Scale): Promise<Found>
  /** Tried once all has been measured, since it ends the node. Returns what has to be zero. */
  afterwards?(scene: Scene): Promise<Readonly<Record<string, number>>>
}

/** The sum of several attacks. */
export function sumOf(all: readonly Attacked[]): Attacked {
  const counts: Record<string, number> = {}
  for (const one of all) {
    for (const [name, count] of Object.entries(one.counts)) counts[name] = count + (counts[name] ?? 0)
  }
  return { inputs: all.reduce((sum, { inputs }) => sum + inputs, 0), counts }
}
