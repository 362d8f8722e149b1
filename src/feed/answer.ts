import type { Encoded } from '../log/log.ts'
import type { FollowAnswer, ResetReason } from '../wire/events.ts'
import type { Problem } from '../wire/problem.ts'
import { Framed } from './framed.ts'
import type { Start } from './starts.ts'
import { ackPacket } from './websocket/packets.ts'

/** What a client that asked by an event is answered, in the forms in which it leaves. */
export interface Answer {
  readonly value: FollowAnswer | { ok: true }
  /** About so many bytes when it is sent. */
  readonly bytes: number
  /** The acknowledgement as a websocket frame. */
  frame(id: string, deflate: boolean): Buffer
}

export function plainAnswer(value: { ok: true } | { ok: false; error: Problem }): Answer {
  const json = JSON.stringify(value)
  return { value, bytes: json.length, frame: (id) => new Framed(ackPacket(id, json)).frame(false) }
}

/** Clients count their questions from 0, and most ask one: so many ids, and so many ways to start, share their frames. */
const sharedIdsMax = 8

/** Where a follower starts. Encoded once for all who start there. */
export function startAnswer(start: Start): Answer {
  const { encoded, reset } = partsOf(start)
  return {
    bytes: encoded.json.length,
    value:
      start.kind === 'batch'
        ? { ok: true, batch: start.batch.value }
        : { ok: true, snapshot: start.snapshot.value, ...(reset === null ? {} : { reset }) },
    frame: (id, deflate) => {
      const key = `${id} ${reset ?? ''}`
      const frames = shared.get(encoded) ?? new Map<string, Framed>()
      shared.set(encoded, frames)
      const framed = frames.get(key) ?? new Framed(ackPacket(id, startJson(start)))
      if (frames.size < sharedIdsMax) frames.set(key, framed)
      return framed.frame(deflate)
    },
  }
}

const shared = new WeakMap<object, Map<string, Framed>>()

function partsOf(start: Start): { encoded: Encoded<unknown>; reset: ResetReason | null } {
  return start.kind === 'batch'
    ? { encoded: start.batch, reset: null }
    : { encoded: start.snapshot, reset: start.reset }
}

function startJson(start: Start): string {
  if (start.kind === 'batch') return `{"ok":true,"batch":${start.batch.json.toString()}}`
  const reset = start.reset === null ? '' : `,"reset":${JSON.stringify(start.reset)}`
  return `{"ok":true,"snapshot":${start.snapshot.json.toString()}${reset}}`
}
