import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { parseCursor } from '../../src/wire/cursor.ts'
import { Post } from '../../src/wire/post.ts'
import { until } from '../../test/faults/until.ts'
import type { Truth, Write } from './judge.ts'

const Written = z.object({ post: Post, cursor: z.string() })
/** The same write is sent again after these. */
const passing: readonly number[] = [429, 502, 503, 504]

export interface DeskOptions {
  readonly channel: string
  readonly adminKey: string
  /** The node that takes the next write. */
  node(): string
}

/** The newsroom: writes by REST, and keeps what was acknowledged. */
export class Desk implements Truth {
  readonly writes: Write[] = []
  readonly gone = new Set<string>()
  readonly #options: DeskOptions

  constructor(options: DeskOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    await this.#send('POST', '/v1/channels', { id: this.#options.channel, title: 'Stock clients' })
  }

  publish(headline: string): Promise<Write> {
    return this.#write('POST', '', { headline, body: { markdown: `About **${headline}**.` } })
  }

  edit({ post }: Write, headline: string, correction: string): Promise<Write> {
    const ifMatch = { 'if-match': `"${post.version}"` }
    return this.#write('PATCH', `/${post.id}`, { headline, correction: { text: correction } }, ifMatch)
  }

  pin({ post }: Write): Promise<Write> {
    return this.#write('PUT', `/${post.id}/pin`)
  }

  async retract({ post }: Write): Promise<Write> {
    return await this.#write('POST', `/${post.id}/retract`, { reason: 'It could not be confirmed.' })
  }

  async #write(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Write> {
    const answer = await this.#send(method, `/v1/channels/${this.#options.channel}/posts${path}`, body, headers)
    const { post, cursor } = Written.parse(answer)
    const write = { cursor, offset: parseCursor(cursor)?.offset ?? 0, post, ackedMs: performance.now() }
    this.writes.push(write)
    return write
  }

  async #send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<unknown> {
    const key = { authorization: `Bearer ${this.#options.adminKey}`, 'idempotency-key': randomUUID() }
    return await until(`${method} ${path} is answered`, async () => {
      const response = await fetch(this.#options.node() + path, {
        method,
        headers: { ...key, ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body === undefined ? null : JSON.stringify(body),
      })
      if (passing.includes(response.status)) return null
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
      return JSON.parse(text)
    })
  }
}
