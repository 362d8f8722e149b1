import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { CodedError } from '../errors.ts'

/** What any address here takes. */
const methods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const

interface WithAnswer {
  /** The answer that Node is writing on the connection. */
  readonly _httpMessage?: { readonly _headerSent: boolean } | null
}

/**
 * Answers what Node's parser can't read with a problem, as all errors are, and ends the connection: where the next
 * request would begin is not known. Nothing is put into an answer that has begun.
 */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  const { _httpMessage: begun } = socket as WithAnswer
  if (error.code === 'ECONNRESET' || !socket.writable || begun?._headerSent === true) {
    socket.destroy()
    return
  }
  const coded = toCoded(error.code ?? '')
  const body = JSON.stringify(coded.toProblem())
  const allow = coded.code === 'method-not-allowed' ? [`Allow: ${methods.join(', ')}`] : []
  const head = [
    `HTTP/1.1 ${coded.status} ${STATUS_CODES[coded.status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
    ...allow,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function toCoded(code: string): CodedError {
  switch (code) {
    case 'HPE_INVALID_METHOD':
      return new CodedError('method-not-allowed', `No address takes this method. There are ${methods.join(', ')}.`, {
        extras: { allow: methods },
      })
    case 'HPE_HEADER_OVERFLOW':
      return new CodedError('headers-too-large', 'Send fewer or shorter headers: 16 KB in all.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new CodedError('request-timeout', 'Send the request again, and all of it at once.')
    default:
      return new CodedError('bad-request', 'This is not a request by HTTP/1.1.')
  }
}
