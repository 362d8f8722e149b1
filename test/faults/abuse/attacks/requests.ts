import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { closes, open, pour } from '../wire.ts'
import type { Attack } from './attack.ts'

function get(path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`
}

export interface PipelineOptions {
  readonly connections: number
  readonly requests: number
  readonly path: string
}

/** Many requests in one write, on each connection, and nothing is read. */
export const pipeline: Attack<PipelineOptions> = async (port, { connections, requests, path }, held) => {
  const all = Buffer.from(get(path).repeat(requests))
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = await open(port)
      held.push(socket)
      await pour(socket, [all])
    }),
  )
  return { inputs: connections * requests, counts: {} }
}

export interface StalledOptions {
  readonly connections: number
  readonly path: string
  /** How long the answers are left unread. */
  readonly holdMs: number
}

/** Readers that ask for a large answer and never read it. Each asks for another address, so that none shares its answer. */
export const stalled: Attack<StalledOptions> = async (port, { connections, path, holdMs }, held) => {
  for (let i = 0; i < connections; i++) {
    const socket = await open(port)
    held.push(socket)
    socket.write(get(`${path}?before=${1_000_000 + i}`))
  }
  await delay(holdMs)
  return { inputs: connections, counts: {} }
}

export interface ReadsOptions {
  /** The addresses are this with a number in place of `#`. */
  readonly path: string
  readonly from: number
  readonly count: number
}

const readersAtOnce = 8

/** Reads ever other addresses, one after the other on a few connections. */
export const reads: Attack<ReadsOptions> = async (port, { path, from, count }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: readersAtOnce })
  const counts: Record<string, number> = {}
  let next = from
  const work = async () => {
    while (next < from + count) {
      const status = await statusOf(`http://127.0.0.1:${port}${path.replace('#', String(next++))}`, agent)
      counts[status] = 1 + (counts[status] ?? 0)
    }
  }
  await Promise.all(Array.from({ length: readersAtOnce }, work))
  agent.destroy()
  return { inputs: count, counts }
}

async function statusOf(url: string, agent: Agent): Promise<number | string> {
  try {
    const asked = request(url, { agent }).end()
    const [response] = await once(asked, 'response')
    response.resume()
    await once(response, 'close')
    return response.statusCode
  } catch (error) {
    return error instanceof Error ? error.message : 'failed'
  }
}

const lineEnd = '\r\n'
const beginnings = {
  silent: '',
  'one byte': 'G',
  'slow header': `GET /health/live HTTP/1.1${lineEnd}Host: localhost${lineEnd}X-Slow: `,
  'slow body': `POST /v1/channels HTTP/1.1${lineEnd}Host: localhost${lineEnd}Content-Type: application/json${lineEnd}Content-Length: 1000000${lineEnd}${lineEnd}`,
  idle: get('/health/live'),
} as const

export interface CrowdOptions {
  readonly kind: keyof typeof beginnings
  readonly connections: number
  /** How long each stays; the slow ones send a byte a second. */
  readonly holdMs: number
}

/** A crowd of connections that ask for next to nothing. */
export const crowd: Attack<CrowdOptions> = async (port, { kind, connections, holdMs }, held) => {
  let refused = 0
  for (let i = 0; i < connections; i++) {
    const socket = await open(port).catch(() => null)
    if (socket === null) {
      refused++
      continue
    }
    held.push(socket)
    socket.resume()
    if (beginnings[kind] !== '') socket.write(beginnings[kind])
  }
  for (const endMs = performance.now() + holdMs; performance.now() < endMs; await delay(1_000)) {
    if (kind.startsWith('slow')) for (const socket of held) if (socket.writable) socket.write('x')
  }
  const closed = held.filter((socket) => socket.closed).length
  return { inputs: connections, counts: { refused, closed } }
}

export interface HostileHeadsOptions {
  readonly count: number
  /** What fills the header's value. */
  readonly filler: ' ' | 'x'
}

const fillerBytes = 8_100

/** First bytes whose one header is long, and ends with a character that none may have. */
export const hostileHeads: Attack<HostileHeadsOptions> = async (port, { count, filler }) => {
  const bytes = `GET /a HTTP/1.1\r\na:${filler.repeat(fillerBytes)}\x01\r\n\r\n`
  for (let i = 0; i < count; i++) {
    const socket = await open(port)
    socket.resume()
    socket.end(bytes)
    await closes(socket)
  }
  return { inputs: count, counts: {} }
}
