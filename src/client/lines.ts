import { asFeedError } from './failure.ts'
import type { Line, LineContext, OpenLine, Signal } from './line.ts'
import { openPollLine } from './poll-line.ts'
import { openSocketLine } from './socket-line.ts'
import { openSseLine } from './sse-line.ts'
import type { Transport } from './transports.ts'

const openers: { readonly [T in Transport]: OpenLine } = {
  socket: openSocketLine,
  sse: openSseLine,
  poll: (context) => openPollLine(context),
}

export interface LinesOptions {
  readonly transports: readonly Transport[]
  readonly context: Omit<LineContext, 'tell'>
  /** What the line in use tells. */
  told(signal: Signal): void
  /** What the candidate tells. */
  candidateTold(signal: Signal): void
}

/** The line in use and, at times, a candidate for its place. A line that was let go of is not heard any more. */
export class Lines {
  readonly #options: LinesOptions
  #inUse: Line | null = null
  #candidate: Line | null = null

  constructor(options: LinesOptions) {
    this.#options = options
  }

  get transport(): Transport | null {
    return this.#inUse?.transport ?? null
  }

  open(rung: number): void {
    this.#inUse = this.#open(rung)
  }

  /** Opens one that polls a channel which is not live, from `waitMs` on. */
  openIdle(waitMs: number): void {
    const { timing } = this.#options.context
    this.#inUse = this.#make('poll', (context) =>
      openPollLine(context, { waitMs, answerTimeoutMs: timing.answerTimeoutMs }),
    )
  }

  refollow(): void {
    this.#inUse?.refollow()
  }

  drop(): void {
    this.#inUse?.close()
    this.#inUse = null
  }

  openCandidate(rung: number): void {
    this.#candidate = this.#open(rung)
  }

  dropCandidate(): void {
    this.#candidate?.close()
    this.#candidate = null
  }

  promote(): void {
    this.#inUse?.close()
    this.#inUse = this.#candidate
    this.#candidate = null
  }

  #open(rung: number): Line {
    const transport = this.#options.transports[rung]
    if (transport === undefined) throw new RangeError(`there is no transport ${rung}`)
    return this.#make(transport, openers[transport])
  }

  #make(transport: Transport, open: OpenLine): Line {
    const hear = (signal: Signal) => {
      if (line === this.#inUse) this.#options.told(signal)
      else if (line === this.#candidate) this.#options.candidateTold(signal)
    }
    const tell = (signal: Signal) => {
      try {
        hear(signal)
      } catch (error) {
        // What came is not what the contract says: another line may do better.
        hear({ kind: 'lost', error: asFeedError(transport, error) })
      }
    }
    const line = open({ ...this.#options.context, tell })
    return line
  }
}
