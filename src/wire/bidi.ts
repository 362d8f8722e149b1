const popEmbedding = '\u202c'
const popIsolate = '\u2069'
/** Embeddings, overrides and isolates, and what ends each (Unicode Standard Annex 9). */
const enders: Readonly<Record<string, string>> = {
  '\u202a': popEmbedding,
  '\u202b': popEmbedding,
  '\u202d': popEmbedding,
  '\u202e': popEmbedding,
  '\u2066': popIsolate,
  '\u2067': popIsolate,
  '\u2068': popIsolate,
}
const controls = /[\u202a-\u202e\u2066-\u2069]/
/** Beyond line feeds, all that counts lies between these: the paragraph separator, and the last of the controls. */
const [firstCode, lastCode, lineFeed] = [0x2029, 0x2069, 0x0a]

/**
 * The same text with every bidi control closed in its own line, so that nothing turns the direction of what stands beside
 * it in a title, a list or a notification. What closes nothing in its line is left out. Each line looks as before, since
 * a control has no effect past the end of its line.
 */
export function closeBidi(text: string): string {
  if (!controls.test(text)) return text
  let closed = ''
  let from = 0
  const line = new OpenControls()
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code !== lineFeed && (code < firstCode || code > lastCode)) continue
    const mark = text.charAt(index)
    const ender = enders[mark]
    if (ender !== undefined) line.open(ender)
    else if (mark === popEmbedding || mark === popIsolate) {
      if (line.close(mark)) continue
      closed += text.slice(from, index)
      from = index + 1
    } else if (code === lineFeed || code === firstCode) {
      closed += text.slice(from, index) + line.end()
      from = index
    }
  }
  return closed + text.slice(from) + line.end()
}

/** What is open in a line, by its enders. */
class OpenControls {
  #enders: string[] = []
  #isolates = 0

  open(ender: string): void {
    this.#enders.push(ender)
    if (ender === popIsolate) this.#isolates++
  }

  /** False if there is nothing that it closes. The end of an isolate also ends the embeddings that are open within it. */
  close(ender: string): boolean {
    if (ender === popEmbedding) return this.#enders.at(-1) === popEmbedding && this.#enders.pop() !== undefined
    if (this.#isolates === 0) return false
    this.#isolates--
    while (this.#enders.pop() !== popIsolate);
    return true
  }

  /** Returns what closes all that is open, the innermost first. */
  end(): string {
    const open = this.#enders.reverse().join('')
    this.#enders = []
    this.#isolates = 0
    return open
  }
}
