import type { Fault } from './fault.ts'
import { nodeFaults } from './node-faults.ts'
import { redisFaults } from './redis-faults.ts'

/** Every fault that is tried, in the order of the table. */
export const faults = { ...nodeFaults, ...redisFaults } as const satisfies Record<string, Fault>

export type FaultName = keyof typeof faults
export const faultNames = Object.keys(faults) as FaultName[]
