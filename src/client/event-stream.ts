/** One event of a stream, as dispatched (WHATWG HTML, 9.2.6). */
export interface StreamEvent {
  /** `message` where the stream names none. */
  readonly type: string
  readonly data: string
  readonly lastEventId: string
}

/** Characters that one event may have. A snapshot is the largest: about a megabyte of posts. */
export const eventCharsMax = 8_388_608

/**
 * Parses `text/event-stream` (WHATWG HTML, 9.2.6) however it is cut into chunks. Comments and `retry` fields are left
 * out: whoever reads the stream sees by the chunks that it is alive, and has delays of its own.
 */
export class EventStreamParser {
  readonly #tell: (event: StreamEvent) => void
  #line = ''
  #started = false
  #afterCarriageReturn = false
  #type = ''
  #data: string[] = []
  #dataChars = 0
  #lastEventId = ''

  constructor(tell: (event: StreamEvent) => void) {
    this.#tell = tell
  }

  /** Takes the next piece of decoded text. Throws a `RangeError` where an event is larger than `eventCharsMax`. */
  take(chunk: string): void {
    let text = chunk
    if (!this.#started && text !== '') {
      this.#started = true
      if (text.startsWith('\uFEFF')) text = text.slice(1)
    }
    // A line feed that begins this chunk is the second half of the line ending that closed the last one.
    if (this.#afterCarriageReturn && text !== '') {
      this.#afterCarriageReturn = false
      if (text.startsWith('\n')) text = text.slice(1)
    }
    const endings = /\r\n|\r|\n/g
    let from = 0
    for (let ending = endings.exec(text); ending !== null; ending = endings.exec(text)) {
      const line = this.#line + text.slice(from, ending.index)
      this.#line = ''
      from = endings.lastIndex
      this.#afterCarriageReturn = ending[0] === '\r' && from === text.length
      this.#takeLine(line)
    }
    this.#line += text.slice(from)
    if (this.#line.length > eventCharsMax) throw tooLarge()
  }

  #takeLine(line: string): void {
    if (line === '') {
      this.#dispatch()
      return
    }
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') this.#type = value
    else if (field === 'id' && !value.includes('\0')) this.#lastEventId = value
    else if (field === 'data') {
      this.#dataChars += value.length + 1
      if (this.#dataChars > eventCharsMax) throw tooLarge()
      this.#data.push(value)
    }
  }

  #dispatch(): void {
    const event = { type: this.#type || 'message', data: this.#data.join('\n'), lastEventId: this.#lastEventId }
    const empty = this.#data.length === 0
    this.#type = ''
    this.#data = []
    this.#dataChars = 0
    if (!empty) this.#tell(event)
  }
}

function tooLarge(): RangeError {
  return new RangeError(`an event of the stream has more than ${eventCharsMax} characters`)
}
