import type { Coverage } from './coverage.ts'
import type { Setting } from './setting.ts'
import type { Stage } from './stage.ts'
import type { Store } from './store.ts'

/** What goes wrong, and on what. */
export interface Fault<S extends Store = Store> extends FaultOptions {
  readonly setting: Setting<S>
  /** Resolves at the fault's end: once what was taken away is started, or given, again. */
  run(stage: Stage<S>, coverages: readonly Coverage[]): Promise<void>
}

export interface FaultOptions {
  /** Some followers have to start over; where none does, the fault did not come about. */
  readonly startsOver?: boolean
  /** Acknowledged writes have to be lost, and told of; where none is, the fault did not come about. */
  readonly losesTheEnd?: boolean
  /** It mostly waits, so that others can be tried beside it. */
  readonly waits?: boolean
  /** What it needs and this machine lacks, in words; null where it can be tried. */
  lacks?(): string | null
}

/** A fault on a stage of this setting. */
export function on<S extends Store>(setting: Setting<S>, run: Fault<S>['run'], options: FaultOptions = {}): Fault<S> {
  return { setting, run, ...options }
}
