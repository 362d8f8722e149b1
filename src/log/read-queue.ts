import { CodedError } from '../errors.ts'

/** Replies that may be on their way at a time. A write that comes behind them waits for these, and for no others. */
const underWayMax = 4
/** Reads that may wait for their turn. */
const waitingMax = 1_000
const retryAfterSeconds = 2

/**
 * Reads of the log that clients ask for, a few at a time and the others in the order in which they came. Redis answers a
 * connection in the order of its commands: a thousand pages of a megabyte each that are asked for at once would hold up
 * every write behind them until it is given up.
 */
export class ReadQueue {
  readonly #waiting: (() => void)[] = []
  #underWay = 0

  /** Runs the read when its turn comes. Throws `overloaded` if too many wait. */
  async run<T>(read: () => Promise<T>): Promise<T> {
    if (this.#underWay >= underWayMax) await this.#turn()
    else this.#underWay++
    try {
      return await read()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#underWay--
      else next()
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= waitingMax) {
      const detail = `${waitingMax} reads wait here already. Try again shortly.`
      throw new CodedError('overloaded', detail, { retryAfterSeconds })
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
