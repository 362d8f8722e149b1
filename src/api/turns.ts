/** What may wait at a time: how many, how large together, and how much of that may be one holder's. */
export interface TurnsBounds {
  readonly itemsMax: number
  readonly charsMax: number
  readonly holderShare: number
}

interface Waiting<T> {
  readonly item: T
  readonly chars: number
}

/**
 * Work that waits, in turns by its holder: of each holder the first, then of each the second, and so on. One who sends
 * much waits for itself, and the others wait for one piece of its work at most.
 */
export class Turns<T> {
  readonly #bounds: TurnsBounds
  /** In the order of the next turns. A holder with nothing waiting is not in it. */
  readonly #waiting = new Map<string, Waiting<T>[]>()
  #items = 0
  #chars = 0

  constructor(bounds: TurnsBounds) {
    this.#bounds = bounds
  }

  /** False if there is no room. */
  add(holder: string, item: T, chars: number): boolean {
    const { itemsMax, charsMax, holderShare } = this.#bounds
    const own = this.#waiting.get(holder) ?? []
    const ownChars = own.reduce((sum, waiting) => sum + waiting.chars, 0)
    if (this.#items + 1 > itemsMax || this.#chars + chars > charsMax) return false
    if (own.length + 1 > itemsMax * holderShare || ownChars + chars > charsMax * holderShare) return false
    own.push({ item, chars })
    this.#waiting.set(holder, own)
    this.#items++
    this.#chars += chars
    return true
  }

  next(): T | undefined {
    for (const [holder, own] of this.#waiting) {
      const first = own.shift()
      this.#waiting.delete(holder)
      if (own.length > 0) this.#waiting.set(holder, own)
      if (first === undefined) continue
      this.#items--
      this.#chars -= first.chars
      return first.item
    }
    return undefined
  }
}
