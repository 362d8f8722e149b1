import type { Batch, Snapshot } from '../wire/batch.ts'
import { cursorAfter, parseCursor } from '../wire/cursor.ts'
import type { Cursor } from '../wire/scalars.ts'
import { withDeadline } from './deadline.ts'
import { asFeedError, asksForPatience, FeedError } from './failure.ts'
import type { Line, LineContext, ToldReason } from './line.ts'
import { Pace } from './pace.ts'
import { requestJson } from './requests.ts'
import { toldDelayMs } from './timing.ts'

export interface PollOptions {
  /** How long to wait before the first question. */
  readonly waitMs?: number
  /** How long an answer may take. Without it, as long as a line may take to open. */
  readonly answerTimeoutMs?: number
}

/**
 * Asks for the changes past the cursor, again and again, as often as the server says. A refusal for asking too often does
 * not end it: the server is there, so the line waits as long as it is told, and asks more seldom from then on.
 */
export function openPollLine(context: LineContext, options: PollOptions = {}): Line {
  const own = new AbortController()
  const pause = new Pause(own.signal)
  let over = false

  const close = () => {
    over = true
    own.abort()
  }
  const lose = (error: unknown) => {
    if (over) return
    close()
    context.tell({ kind: 'lost', error: asFeedError('poll', error) })
  }

  const { waitMs = 0, answerTimeoutMs = context.timing.openTimeoutMs } = options
  const begun = waitMs > 0 ? pause.take(waitMs) : Promise.resolve()
  begun
    .then(() => pollOn({ ...context, answerTimeoutMs }, own.signal, pause))
    .then(() => lose(new Error('polling ended')), lose)
  return { transport: 'poll', refollow: () => pause.end(), close }
}

interface PollContext extends LineContext {
  readonly answerTimeoutMs: number
}

async function pollOn(context: PollContext, signal: AbortSignal, pause: Pause): Promise<void> {
  const { timing } = context
  const pace = new Pace()
  for (let opened = false; !signal.aborted; ) {
    const round = await ask(context, signal)
    if (signal.aborted) return
    if (!opened) context.tell({ kind: 'opened' })
    opened = true
    if (round instanceof FeedError) {
      pace.refused()
      context.tell({ kind: 'slowed', slowed: true })
      const toldMs = toldDelayMs(round.retryAfterMs ?? 0, timing, Math.random())
      await pause.takeWhole(Math.max(toldMs, pace.waitMs(context.pollDelayMs(null), timing.toldCapMs)))
      continue
    }
    for (const told of round.signals) {
      if (signal.aborted) return
      context.tell(told)
    }
    if (signal.aborted) return
    if (round.more) continue
    if (pace.slowed) {
      pace.answered()
      context.tell({ kind: 'slowed', slowed: pace.slowed })
    }
    context.tell({ kind: 'caught-up' })
    await pause.take(pace.waitMs(context.pollDelayMs(round.delayMs), timing.toldCapMs))
  }
}

/** What came of one question, or the error by which the server asks for fewer of them. */
async function ask(context: PollContext, signal: AbortSignal): Promise<Round | FeedError> {
  const after = context.cursor()
  try {
    return after === null ? await start(context, signal, undefined) : await poll(context, signal, after)
  } catch (error) {
    if (error instanceof FeedError && asksForPatience(error.problem)) return error
    throw error
  }
}

interface Round {
  readonly signals: readonly Parameters<LineContext['tell']>[0][]
  /** The answer stopped before the log's end: the next one is asked for at once. */
  readonly more: boolean
  readonly delayMs: number | null
}

async function poll(context: PollContext, signal: AbortSignal, after: Cursor): Promise<Round> {
  try {
    const { value: batch, headers } = await withDeadline(signal, context.answerTimeoutMs, (within) =>
      requestJson<Batch>('poll', context.addresses.changes(after), { signal: within }),
    )
    return {
      signals: [{ kind: 'batch', batch, answers: true }],
      // An answer that got nowhere would be asked for again for ever.
      more: batch.to > batch.from && isBefore(cursorAfter(batch), headers.get('wirecopy-head')),
      delayMs: delayOf(headers),
    }
  } catch (error) {
    const reason = goneReason(error)
    if (reason === undefined) throw error
    return await start(context, signal, reason)
  }
}

async function start(context: PollContext, signal: AbortSignal, reason: ToldReason): Promise<Round> {
  // What stands in a cache may be from before the cursor that can't be served.
  const { value: snapshot, headers } = await withDeadline(signal, context.answerTimeoutMs, (within) =>
    requestJson<Snapshot>('poll', context.addresses.snapshot, { signal: within, cache: 'no-store' }),
  )
  const cursor = context.cursor()
  if (reason === 'too-old' && cursor !== null && isBefore(snapshot.cursor, cursor)) {
    throw new Error('the snapshot is older than what it is to replace')
  }
  return { signals: [{ kind: 'snapshot', snapshot, reason }], more: false, delayMs: delayOf(headers) }
}

/** Why the server can't serve the cursor, or undefined where the error is another one. */
function goneReason(error: unknown): ToldReason {
  if (!(error instanceof FeedError) || error.problem.code !== 'cursor-gone') return undefined
  const { reason } = error.problem
  return reason === 'epoch' || reason === 'ahead' ? reason : 'too-old'
}

function isBefore(cursor: Cursor, other: string | null): boolean {
  const a = parseCursor(cursor)
  const b = other === null ? null : parseCursor(other)
  return a !== null && b !== null && a.epoch === b.epoch && a.offset < b.offset
}

function delayOf(headers: Headers): number | null {
  const text = headers.get('wirecopy-poll-ms')
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null
}

/** A wait that can be cut short. */
class Pause {
  readonly #signal: AbortSignal
  #finish: () => void = () => {}
  #whole = false
  #cutShort = false

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.#finish(), { once: true })
  }

  async take(ms: number): Promise<void> {
    if (!this.#cutShort) await this.#wait(ms)
    this.#cutShort = false
  }

  /** A wait that only the line's end cuts short. */
  async takeWhole(ms: number): Promise<void> {
    this.#whole = true
    await this.#wait(ms)
    this.#whole = false
    this.#cutShort = false
  }

  /** Ends the wait, or skips the next one if none is under way. */
  end(): void {
    this.#cutShort = true
    if (!this.#whole) this.#finish()
  }

  async #wait(ms: number): Promise<void> {
    if (this.#signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#finish = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#finish = () => {}
  }
}
