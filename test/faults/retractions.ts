import type { Acknowledged, Given } from './record.ts'

/** The acknowledged retractions, by post. */
export class Retractions {
  readonly #byPost: ReadonlyMap<number, Acknowledged>

  constructor(acknowledged: readonly Acknowledged[]) {
    const retractions = acknowledged.filter(({ deed }) => deed === 'retract')
    this.#byPost = new Map(retractions.map((write) => [write.post, write]))
  }

  of(post: number): Acknowledged | undefined {
    return this.#byPost.get(post)
  }

  /** The posts of which the delivery held text that it must not hold any more. */
  leakedIn({ delivery, askedMs }: Given): number[] {
    return delivery.texts.filter((post) => {
      const retraction = this.#byPost.get(post)
      if (retraction === undefined) return false
      const past = delivery.epoch === retraction.epoch && delivery.to >= retraction.offset
      return past || (askedMs !== null && askedMs > retraction.ackedMs)
    })
  }
}
