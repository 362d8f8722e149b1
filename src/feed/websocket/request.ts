/** A request without a body, with what a websocket is agreed by. */
export interface PlainRequest {
  readonly method: 'GET'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Node's own limit is 16 KiB; no browser sends as much. */
const requestBytesMax = 8_192
const lineEnd = '\r\n'
const requestLine = /^GET (\/[!-~]*) HTTP\/1\.1$/
/** A field name is a token (RFC 9110, 5.6.2); its value has no control characters here (RFC 9110, 5.5). */
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~\t]*)$/
/** They announce a body, ask for an answer of their own, or are a list to Node. */
const unusual = ['content-length', 'transfer-encoding', 'expect', 'set-cookie'] as const
const tail = Buffer.from('\r\n\r\n')

/**
 * Reads a request that came whole in one chunk, as nearly all requests for a websocket do. Whatever is out of the ordinary
 * (a body, a header twice, a character past ASCII, a missing host, the like) gives null, and is for Node's parser to
 * judge: what is taken here, that one would take in the same way.
 */
export function readRequest(chunk: Buffer): PlainRequest | null {
  if (chunk.length > requestBytesMax || !chunk.subarray(-tail.length).equals(tail)) return null
  const lines = chunk.toString('latin1', 0, chunk.length - tail.length).split(lineEnd)
  const url = requestLine.exec(lines[0] ?? '')?.[1]
  if (url === undefined) return null
  const headers: Record<string, string> = {}
  for (let i = 1; i < lines.length; i++) {
    const match = headerLine.exec(lines[i] ?? '')
    if (match === null) return null
    const [, name = '', value = ''] = match
    const key = name.toLowerCase()
    if (Object.hasOwn(headers, key)) return null
    headers[key] = value.trimEnd()
  }
  if (headers['host'] === undefined || unusual.some((name) => Object.hasOwn(headers, name))) return null
  return { method: 'GET', url, headers }
}
