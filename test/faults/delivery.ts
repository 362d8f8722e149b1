import type { Batch, Change, Snapshot } from '../../src/wire/batch.ts'
import { parseCursor } from '../../src/wire/cursor.ts'
import type { Delivery, Seen } from './record.ts'

/** The word by which a text is found again, wherever it turns up: of which post it is, and of which of its edits. */
export function markerOf(post: number, edit: number): string {
  return `mark${post}x${edit}`
}

export function markersIn(text: string): string[] {
  return [...new Set(text.match(/mark\d+x\d+/g) ?? [])]
}

/** The posts of whose texts anything is in the text. */
export function postsIn(text: string): number[] {
  return [...new Set(markersIn(text).map((marker) => Number(/\d+/.exec(marker)?.[0])))]
}

/** A broadcast is the same text for all who get it; it is read once. */
const keptTextsMax = 64
const kept = new Map<string, Delivery>()

/** Reads a batch or a snapshot out of the JSON text that came. */
export function readDelivery(text: string): Delivery {
  const known = kept.get(text)
  if (known !== undefined) return known
  const delivery = deliveryOf(JSON.parse(text), text)
  const [oldest] = kept.keys()
  if (kept.size >= keptTextsMax && oldest !== undefined) kept.delete(oldest)
  kept.set(text, delivery)
  return delivery
}

export function deliveryOf(value: Batch | Snapshot, text = JSON.stringify(value)): Delivery {
  const texts = postsIn(text)
  if ('cursor' in value) {
    const position = parseCursor(value.cursor)
    if (position === null) throw new Error(`A snapshot has no cursor: ${value.cursor}`)
    const { epoch, offset } = position
    return {
      kind: 'snapshot',
      epoch,
      from: offset,
      to: offset,
      seen: [...value.pinned, ...value.posts].map(pick),
      texts,
    }
  }
  const { epoch, from, to, changes } = value
  return { kind: 'batch', epoch, from, to, seen: changes.flatMap(seenIn), texts }
}

function seenIn(change: Change): Seen[] {
  return change.type === 'channel.updated' ? [] : [{ ...pick(change.post), offset: change.offset }]
}

function pick({ offset, id, version }: Seen): Seen {
  return { offset, id, version }
}
