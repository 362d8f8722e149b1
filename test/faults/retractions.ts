import type { Acknowledged, Given } from './record.ts'

/** The acknowledged retractions, by post. */
export class Retractions {
  readonly #byPost: ReadonlyMap<number, Acknowledged>
  readonly #standing: ReadonlySet<Acknowledged>
  readonly #lastEpoch: string

  /** Of all that was acknowledged, `standing` is in the last log. */
  constructor(acknowledged: readonly Acknowledged[], standing: ReadonlySet<Acknowledged>, lastEpoch: string) {
    const retractions = acknowledged.filter(({ deed }) => deed === 'retract')
    this.#byPost = new Map(retractions.map((write) => [write.post, write]))
    this.#standing = standing
    this.#lastEpoch = lastEpoch
  }

  /** Whether the post is retracted in the last log. One whose retraction went with the end of a log stands there again. */
  stands(post: number): boolean {
    const retraction = this.#byPost.get(post)
    return retraction !== undefined && this.#standing.has(retraction)
  }

  /** The posts of which the delivery held text that it must not hold any more. */
  leakedIn({ delivery, askedMs }: Given): number[] {
    return delivery.texts.filter((post) => {
      const retraction = this.#byPost.get(post)
      if (retraction === undefined) return false
      const asked = askedMs !== null && askedMs > retraction.ackedMs
      if (delivery.epoch === retraction.epoch) return asked || delivery.to >= retraction.offset
      return this.#standing.has(retraction) && (asked || delivery.epoch === this.#lastEpoch)
    })
  }
}
