import { clockFaults } from './clock-faults.ts'
import { failoverFaults } from './failover-faults.ts'
import type { Fault } from './fault.ts'
import { logFaults } from './log-faults.ts'
import { networkFaults } from './network-faults.ts'
import { nodeFaults } from './node-faults.ts'
import { redisFaults } from './redis-faults.ts'

/** Every fault that is tried, in the order of the table. */
export const faults = {
  ...nodeFaults,
  ...redisFaults,
  ...failoverFaults,
  ...networkFaults,
  ...logFaults,
  ...clockFaults,
} as const satisfies Record<string, Fault>

export type FaultName = keyof typeof faults
export const faultNames = Object.keys(faults) as FaultName[]

/** Whether the fault mostly waits. */
export function waits(name: FaultName): boolean {
  const fault: Fault = faults[name]
  return fault.waits === true
}

/** What the fault needs and this machine lacks; null where it can be tried. */
export function lacks(name: FaultName): string | null {
  const fault: Fault = faults[name]
  return fault.lacks?.() ?? null
}
