/** One event of an event stream (HTML, 9.2.6), as far as Wirecopy uses them. */
export interface StreamEvent {
  readonly name: string
  readonly id: string
  readonly data: string
}

/** Reads events out of text that comes in pieces. A parser of the tests' own: the library's is what is tested. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const event = parseEvent(rest.slice(0, end))
      rest = rest.slice(end + 2)
      if (event !== null) yield event
    }
  }
}

/** Null for a comment, and for what is no event, such as `retry`. */
function parseEvent(block: string): StreamEvent | null {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2))
  }
  const data = fields.get('data')
  return data === undefined ? null : { name: fields.get('event') ?? 'message', id: fields.get('id') ?? '', data }
}
