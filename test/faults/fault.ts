import type { Setting } from './setting.ts'
import type { Stage } from './stage.ts'
import type { Store } from './store.ts'

/** What goes wrong, and on what. */
export interface Fault<S extends Store = Store> {
  readonly setting: Setting<S>
  /** Resolves at the fault's end: once what was taken away is started, or given, again. */
  run(stage: Stage<S>): Promise<void>
}

/** A fault on a stage of this setting. */
export function on<S extends Store>(setting: Setting<S>, run: (stage: Stage<S>) => Promise<void>): Fault<S> {
  return { setting, run }
}
