import type { Batch } from '../wire/batch.ts'
import type { Cursor } from '../wire/scalars.ts'

/** A batch up to the log's head, or as far as one read goes; or why the cursor can't be served. */
export type CatchUp =
  | { kind: 'batch'; batch: Batch; json: Buffer; head: Cursor }
  | { kind: 'reset'; reason: 'epoch' | 'too-old' | 'ahead' }
