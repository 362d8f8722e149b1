import type { Words } from './words.ts'

/** A screen reader is given no two messages within this time, but for answers to what its reader does. */
const quietMs = 10_000

interface Pending {
  fresh: number
  corrected: number
  takenBack: number
  /** How the connection is. Only the last is of use. */
  state: string
}

/**
 * Puts together what happens on a page, so that it is said in one message at a time: the counts of posts that came, were
 * corrected and were retracted, and how the connection is.
 */
export class Announcer {
  readonly #words: Words
  readonly #say: (text: string) => void
  #pending = nothing()
  #lastMs = Number.NEGATIVE_INFINITY
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(words: Words, say: (text: string) => void) {
    this.#words = words
    this.#say = say
  }

  count({ fresh = 0, corrected = 0, takenBack = 0 }: Partial<Omit<Pending, 'state'>>): void {
    if (fresh <= 0 && corrected <= 0 && takenBack <= 0) return
    this.#pending.fresh += Math.max(0, fresh)
    this.#pending.corrected += corrected
    this.#pending.takenBack += takenBack
    this.#sayInTime()
  }

  state(text: string): void {
    this.#pending.state = text
    this.#sayInTime()
  }

  /** An answer to what the reader has done: it is said at once. */
  answer(text: string): void {
    this.#lastMs = performance.now()
    this.#say(text)
    if (this.#timer !== undefined) this.#restart()
  }

  #sayInTime(): void {
    if (this.#timer !== undefined) return
    if (performance.now() - this.#lastMs >= quietMs) this.#sayAll()
    else this.#restart()
  }

  #restart(): void {
    clearTimeout(this.#timer)
    const waitMs = Math.max(0, this.#lastMs + quietMs - performance.now())
    this.#timer = setTimeout(() => this.#sayAll(), waitMs)
  }

  #sayAll(): void {
    this.#timer = undefined
    this.#lastMs = performance.now()
    const { fresh, corrected, takenBack, state } = this.#pending
    this.#pending = nothing()
    const { newPosts, corrected: correctedText, takenBack: takenBackText, joined } = this.#words
    const texts = [
      state,
      fresh > 0 ? newPosts(fresh) : '',
      corrected > 0 ? correctedText(corrected) : '',
      takenBack > 0 ? takenBackText(takenBack) : '',
    ]
    this.#say(joined(texts.filter((text) => text !== '')))
  }
}

function nothing(): Pending {
  return { fresh: 0, corrected: 0, takenBack: 0, state: '' }
}
