import { type Spread, spreadOf } from './figures.ts'
import type { Readings } from './measures/measure.ts'
import type { ServerName } from './servers/server.ts'

/** One measure of one server in one run. */
export interface Reading {
  readonly run: number
  readonly measure: string
  readonly server: ServerName
  readonly figures: Readings
}

/** What could not be measured, and why. */
export interface Gap {
  readonly run: number
  readonly measure: string
  readonly server: ServerName
  readonly why: string
}

/** All that was read, run by run. */
export class Results {
  readonly readings: Reading[] = []
  readonly gaps: Gap[] = []

  /** Servers of which anything was read, in the order in which they came. */
  get servers(): ServerName[] {
    return [...new Set(this.readings.map(({ server }) => server))]
  }

  /** Null where the figure was never read. */
  spread(measure: string, server: ServerName, figure: string): Spread | null {
    const values = this.readings
      .filter((one) => one.measure === measure && one.server === server)
      .map(({ figures }) => figures[figure] ?? null)
    return spreadOf(values.filter((value) => value !== null))
  }
}
