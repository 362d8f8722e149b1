import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** What every server adds to the client's key (RFC 6455, 1.3). */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const keyPattern = /^[+/0-9A-Za-z]{22}==$/
const extensionCharsMax = 1_000

export interface Agreed {
  /** The answer's head, with which the connection becomes a websocket. */
  readonly head: string
  readonly deflate: boolean
}

interface Asked {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
}

/**
 * Agrees to a websocket (RFC 6455, 4.2.2), or gives null where the request is no good one. Of permessage-deflate only the
 * form without memory from message to message is agreed to (RFC 7692, 7.1.1): so a batch is compressed once for all.
 */
export function agree({ method, headers }: Asked): Agreed | null {
  const key = headers['sec-websocket-key']
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return null
  if (headers['sec-websocket-version'] !== '13' || key === undefined || !keyPattern.test(key)) return null
  const accept = hash('sha1', key + guid, 'base64')
  const deflate = offersDeflate(headers['sec-websocket-extensions'])
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
  ]
  if (deflate) {
    lines.push('Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover')
  }
  return { head: `${lines.join('\r\n')}\r\n\r\n`, deflate }
}

/**
 * Whether one of the offers is permessage-deflate in a form that can be met. A client that asks for a smaller window of the
 * server's (`server_max_window_bits`) asks for a message compressed for it alone, and gets none.
 */
function offersDeflate(offers = ''): boolean {
  if (offers.length > extensionCharsMax) return false
  return offers.split(',').some((offer) => {
    const [name, ...parameters] = offer.split(';').map((part) => part.trim().toLowerCase())
    return name === 'permessage-deflate' && parameters.every(isMet)
  })
}

function isMet(parameter: string): boolean {
  const [name = '', value = ''] = parameter.split('=', 2).map((part) => part.trim())
  switch (name) {
    case 'server_no_context_takeover':
    case 'client_no_context_takeover':
      return value === ''
    case 'client_max_window_bits':
      return value === '' || /^"?(8|9|1[0-5])"?$/.test(value)
    case 'server_max_window_bits':
      return /^"?15"?$/.test(value)
    default:
      return false
  }
}
