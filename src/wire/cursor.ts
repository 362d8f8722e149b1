import type { Cursor, Epoch, Offset } from './scalars.ts'

export interface Position {
  readonly epoch: Epoch
  readonly offset: Offset
}

export const cursorPattern = /^([A-Za-z0-9_-]{1,32}):(0|[1-9][0-9]{0,14})$/

/** Reads a cursor, or gives null where the text is none. */
export function parseCursor(text: string): Position | null {
  const match = cursorPattern.exec(text)
  if (match === null) return null
  return { epoch: match[1] as Epoch, offset: Number(match[2]) as Offset }
}

export function formatCursor(epoch: Epoch, offset: Offset): Cursor {
  return `${epoch}:${offset}` as Cursor
}

/** Where a client stands once it has applied the batch. */
export function cursorAfter(batch: { epoch: Epoch; to: Offset }): Cursor {
  return formatCursor(batch.epoch, batch.to)
}
