import type { Encoded } from '../log/log.ts'
import type { ResetReason } from '../wire/events.ts'
import type { Problem } from '../wire/problem.ts'
import { Framed } from './framed.ts'
import type { Start } from './starts.ts'

/** What a client that sent an event is answered. The same object serves all who get the same answer. */
export class Answer {
  /** The value as JSON. */
  readonly json: string
  #framed: Framed | null = null

  constructor(json: string) {
    this.json = json
  }

  /** The acknowledgement of the event with this id as a websocket frame, in two parts, of which the second is shared. */
  frame(id: string, deflate: boolean): readonly [Buffer, Buffer] {
    this.#framed ??= new Framed(`${this.json}]`)
    return this.#framed.behind(`43${id}[`, deflate)
  }
}

export function plainAnswer(value: { ok: true } | { ok: false; error: Problem }): Answer {
  return new Answer(JSON.stringify(value))
}

/** Where a follower starts. Made once for all who start there, whatever ids their events have. */
export function startAnswer(start: Start): Answer {
  const { encoded, reset } = partsOf(start)
  const answers = made.get(encoded) ?? new Map<ResetReason | null, Answer>()
  made.set(encoded, answers)
  const answer = answers.get(reset) ?? new Answer(startJson(start))
  answers.set(reset, answer)
  return answer
}

const made = new WeakMap<object, Map<ResetReason | null, Answer>>()

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
