import { ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { CodedError } from '../errors.ts'

/** Answers a request to connect, be it for long polling or an upgrade to websocket, with a problem, and ends it. */
export function refuseHandshake(request: { readonly socket: Duplex }, error: CodedError): void {
  const body = JSON.stringify(error.toProblem())
  const headers = {
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...(error.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(error.retryAfterSeconds) }),
  }
  // Engine.IO puts the response on the request; an upgrade has none.
  if ('res' in request && request.res instanceof ServerResponse) {
    request.res.writeHead(error.status, headers).end(body)
    return
  }
  const { socket } = request
  // Whoever is gone already need not be told.
  socket.on('error', () => undefined)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n${lines.join('')}\r\n`
  socket.end(head + body, () => socket.destroy())
}
