import type { Batch, Snapshot } from '../wire/batch.ts'
import { startDeadline } from './deadline.ts'
import { EventStreamParser, type StreamEvent } from './event-stream.ts'
import { asFeedError, asksForPatience, FeedError } from './failure.ts'
import type { Line, LineContext } from './line.ts'
import { openPollLine } from './poll-line.ts'
import { request } from './requests.ts'
import { boundStreams } from './stream-permits.ts'
import { climbDelayMs, toldDelayMs } from './timing.ts'
import type { Transport } from './transports.ts'
import { isHidden } from './wake.ts'

/**
 * Server-sent events over `fetch`, which Node has as well as browsers, and which shows comments and refusals where
 * `EventSource` hides them. While the page may not hold a stream open, or the server has no room for one, the same line
 * polls: the feed stays live, and each post comes a moment later.
 */
export function openSseLine(context: LineContext): Line {
  return new SseLine(context)
}

class SseLine implements Line {
  readonly #context: LineContext
  readonly #unbound: () => void
  #reading = new AbortController()
  #polling: Line | null = null
  #mayStream = false
  /** Streams that the server refused since it last took one. */
  #refusals = 0
  /** No stream is asked for before then (`performance.now()`). */
  #notBeforeMs = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #over = false

  constructor(context: LineContext) {
    this.#context = context
    this.#unbound = boundStreams(context.base.origin, (mayStream) => {
      this.#mayStream = mayStream
      this.#follow()
    })
  }

  get transport(): Transport {
    return this.#polling === null ? 'sse' : 'poll'
  }

  refollow(): void {
    if (this.#polling === null) this.#follow()
    else this.#polling.refollow()
  }

  close(): void {
    this.#over = true
    this.#unbound()
    clearTimeout(this.#retry)
    this.#reading.abort()
    this.#polling?.close()
  }

  /** Begins what is possible now: a stream, or polls until there can be one. */
  #follow(): void {
    if (this.#over) return
    clearTimeout(this.#retry)
    const waitMs = this.#notBeforeMs - performance.now()
    if (this.#mayStream && waitMs <= 0) {
      this.#stream()
      return
    }
    if (this.#mayStream) this.#retry = setTimeout(() => this.#follow(), waitMs)
    this.#poll()
  }

  #stream(): void {
    this.#polling?.close()
    this.#polling = null
    this.#reading.abort()
    const own = new AbortController()
    this.#reading = own
    const ended = (error: unknown) => {
      if (this.#over || this.#reading !== own) return
      if (error instanceof FeedError && asksForPatience(error.problem)) this.#wait(error)
      else this.#lose(error)
    }
    const opened = () => {
      this.#refusals = 0
      this.#context.tell({ kind: 'slowed', slowed: false })
    }
    readStream(this.#context, own, opened).then(() => ended(new Error('the stream ended')), ended)
  }

  #poll(): void {
    this.#reading.abort()
    this.#reading = new AbortController()
    const context = this.#context
    this.#polling ??= openPollLine({
      ...context,
      pollDelayMs: (told) => Math.max(context.pollDelayMs(told), isHidden() ? context.timing.hiddenPollMs : 0),
      tell: (signal) => {
        if (this.#over) return
        if (signal.kind === 'lost') this.#lose(signal.error)
        else context.tell(signal)
      },
    })
  }

  /** Asks for no stream for as long as the server says, and longer with each refusal. */
  #wait({ retryAfterMs = 0 }: FeedError): void {
    const { timing } = this.#context
    const random = Math.random()
    const waitMs = climbDelayMs(this.#refusals, false, timing, random)
    this.#refusals++
    this.#notBeforeMs = performance.now() + Math.max(waitMs, toldDelayMs(retryAfterMs, timing, random))
    this.#follow()
  }

  #lose(error: unknown): void {
    if (this.#over) return
    this.close()
    this.#context.tell({ kind: 'lost', error: asFeedError('sse', error) })
  }
}

/** Reads one stream to its end. Ends by throwing where it is aborted, silent for too long, refused or not readable. */
async function readStream(context: LineContext, own: AbortController, opened: () => void): Promise<void> {
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
    opened()
    context.tell({ kind: 'opened' })
    // A proxy that holds the stream back is found by this: the first event, be it an empty batch, is sent at once.
    const expectMore = () => {
      if (started) silence.expect(timing.silenceMs, 'the stream went silent')
      else silence.expect(timing.answerTimeoutMs, 'the stream brought nothing in time')
    }
    let started = false
    expectMore()
    const parser = new EventStreamParser((event) => {
      if (own.signal.aborted || !takeEvent(context, event, !started)) return
      if (!started && !own.signal.aborted) context.tell({ kind: 'caught-up' })
      started = true
    })
    const reader = response.body.getReader()
    const decoder = new TextDecoder()
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      parser.take(decoder.decode(chunk.value, { stream: true }))
      // On a slow network the first event comes in many pieces: each of them is a sign of life.
      expectMore()
    }
  } catch (error) {
    throw silence.over ?? error
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

/** Aborts what it watches if nothing comes in time. */
class Watchdog {
  readonly #watched: AbortController
  /** Why it did so. Kept here, since browsers of 2021 drop the reason of an abort. */
  over: Error | undefined
  #stop: () => void = () => {}

  constructor(watched: AbortController) {
    this.#watched = watched
  }

  expect(withinMs: number, orElse: string): void {
    this.#stop()
    this.#stop = startDeadline(withinMs, () => {
      this.over = new Error(orElse)
      this.#watched.abort()
    })
  }

  stop(): void {
    this.#stop()
  }
}
