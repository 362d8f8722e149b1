import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { agreeDeflate } from './deflate-offer.ts'

/** What every server adds to the client's key (RFC 6455, 1.3). */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const keyPattern = /^[+/0-9A-Za-z]{22}==$/
/** A token (RFC 9110, 5.6.2), as the name of a subprotocol is. */
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

export interface Agreed {
  /** The answer's head, with which the connection becomes a websocket. */
  readonly head: string
  readonly deflate: boolean
}

interface Asked {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
  /** Whether compression may be agreed to, if the client offers it. */
  readonly compress: boolean
}

/** Agrees to a websocket (RFC 6455, 4.2.2), or returns null if the request is not a valid one. */
export function agree({ method, headers, compress }: Asked): Agreed | null {
  const key = headers['sec-websocket-key']
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return null
  if (headers['sec-websocket-version'] !== '13' || key === undefined || !keyPattern.test(key)) return null
  const protocol = firstProtocol(headers['sec-websocket-protocol'])
  if (protocol === null) return null
  const accept = hash('sha1', key + guid, 'base64')
  const extension = compress ? agreeDeflate(headers['sec-websocket-extensions']) : null
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
  ]
  if (protocol !== undefined) lines.push(`Sec-WebSocket-Protocol: ${protocol}`)
  if (extension !== null) lines.push(`Sec-WebSocket-Extensions: ${extension}`)
  return { head: `${lines.join('\r\n')}\r\n\r\n`, deflate: extension !== null }
}

/**
 * The first of the subprotocols that a client offers, which `ws` picks, too; none of them changes what is said here. A
 * browser gives up if it is answered with none. Undefined if none is offered, null if the list is not a valid one.
 */
function firstProtocol(offers: string | undefined): string | undefined | null {
  if (offers === undefined) return undefined
  const names = offers.split(',').map((name) => name.trim())
  const valid = names.every((name) => tokenPattern.test(name)) && new Set(names).size === names.length
  return valid ? names[0] : null
}
