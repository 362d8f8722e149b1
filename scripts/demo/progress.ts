import { cutText } from '../../src/wire/cut.ts'

/** Shows how far a run has come: one line that is written over on a terminal, a line for each step elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #total: number
  #done = 0

  constructor(stream: NodeJS.WriteStream, total: number) {
    this.#stream = stream
    this.#total = total
  }

  step(what: string): void {
    this.#done++
    this.#show(what)
  }

  /** Says something of the step that is under way. */
  note(what: string): void {
    this.#show(what)
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\n')
  }

  #show(what: string): void {
    const line = `[${String(this.#done).padStart(String(this.#total).length)}/${this.#total}] ${what}`
    if (!this.#stream.isTTY) {
      this.#stream.write(`${line}\n`)
      return
    }
    const charsMax = Math.max(20, this.#stream.columns) - 1
    // Back to the line's start, then whatever the longer line before it left is cleared (ECMA-48: EL).
    this.#stream.write(`\r${cutText(line, charsMax)}\u001B[K`)
  }
}
