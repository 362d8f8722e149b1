/** How often each thing that must never happen did happen. */
export interface Counts {
  /** Acknowledged, and not there: in what the API says at the end, or in what a follower holds. */
  lost: number
  /** Written twice, or given twice to a follower. */
  repeated: number
  /** Given after what it comes before, or an older state after a newer one. */
  reordered: number
  /** Offsets that a follower never got, without having been told to start over. */
  gaps: number
  /** A text given past the offset of its retraction, or in answer to a question asked after that was acknowledged. */
  leaked: number
}

const notesMax = 20

/** What has been found so far. */
export class Findings implements Counts {
  lost = 0
  repeated = 0
  reordered = 0
  gaps = 0
  leaked = 0
  deliveries = 0
  startedOver = 0
  startedOverInVain = 0
  readonly notes: string[] = []

  add(what: keyof Counts, note: string): void {
    this[what]++
    this.#note(`${what}: ${note}`)
  }

  /** A follower asked by its cursor, and was told to start over. In vain where the log could have served it. */
  addStart(inVain: boolean, note: string): void {
    this.startedOver++
    if (!inVain) return
    this.startedOverInVain++
    this.#note(`started over in vain: ${note}`)
  }

  #note(note: string): void {
    if (this.notes.length < notesMax) this.notes.push(note)
  }
}
