import type { Batch, Snapshot } from '../wire/batch.ts'
import { EventStreamParser, type StreamEvent } from './event-stream.ts'
import { asFeedError } from './failure.ts'
import type { Line, LineContext } from './line.ts'
import { request } from './requests.ts'

/**
 * Server-sent events over `fetch`, which Node has as well as browsers, and which shows comments and refusals where
 * `EventSource` hides them.
 */
export function openSseLine(context: LineContext): Line {
  let reading = new AbortController()
  let over = false

  const close = () => {
    over = true
    reading.abort()
  }

  const begin = () => {
    reading.abort()
    const own = new AbortController()
    reading = own
    const lose = (error: unknown) => {
      if (over || reading !== own) return
      close()
      context.tell({ kind: 'lost', error: asFeedError('sse', error) })
    }
    readStream(context, own).then(() => lose(new Error('the stream ended')), lose)
  }

  begin()
  return { transport: 'sse', refollow: begin, close }
}

/** Reads one stream to its end. Ends by throwing where it is aborted, silent for too long, refused or not readable. */
async function readStream(context: LineContext, own: AbortController): Promise<void> {
  const { timing, addresses } = context
  const silence = new Watchdog(own)
  silence.expect(timing.openTimeoutMs, 'the stream did not open in time')
  try {
    const response = await request('sse', addresses.stream(context.cursor()), {
      accept: 'text/event-stream',
      signal: own.signal,
      cache: 'no-store',
    })
    if (response.body === null) throw new Error('the stream has no body')
    if (own.signal.aborted) return
    context.tell({ kind: 'opened' })
    // A proxy that holds the stream back is found by this: the first event, be it an empty batch, is sent at once.
    silence.expect(timing.answerTimeoutMs, 'the stream brought nothing in time')
    let started = false
    const parser = new EventStreamParser((event) => {
      if (own.signal.aborted || !takeEvent(context, event, !started)) return
      if (!started && !own.signal.aborted) context.tell({ kind: 'caught-up' })
      started = true
    })
    const reader = response.body.getReader()
    const decoder = new TextDecoder()
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      parser.take(decoder.decode(chunk.value, { stream: true }))
      if (started) silence.expect(timing.silenceMs, 'the stream went silent')
    }
  } finally {
    silence.stop()
  }
}

/** False where the event is of a type that this client does not know. */
function takeEvent(context: LineContext, event: StreamEvent, answers: boolean): boolean {
  if (event.type === 'batch') {
    const batch: Batch = JSON.parse(event.data)
    context.tell({ kind: 'batch', batch, answers })
    return true
  }
  if (event.type === 'snapshot') {
    const snapshot: Snapshot = JSON.parse(event.data)
    context.tell({ kind: 'snapshot', snapshot, reason: undefined })
    return true
  }
  return false
}

/** Aborts what it watches where nothing comes in time. */
class Watchdog {
  readonly #watched: AbortController
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(watched: AbortController) {
    this.#watched = watched
  }

  expect(withinMs: number, orElse: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#watched.abort(new Error(orElse)), withinMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
