import { z } from 'zod'
import { Post } from '../wire/post.ts'
import { Cursor } from '../wire/scalars.ts'

/** What a route answers when all is well, for the OpenAPI document. */
export interface Answer {
  readonly description: string
  readonly headers?: Readonly<Record<string, HeaderDoc>>
  readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>>
}

export interface HeaderDoc {
  readonly type: 'string' | 'integer'
  readonly description: string
}

export function json(description: string, schema: z.ZodType, headers: Answer['headers'] = {}): Answer {
  return { description, headers, content: { 'application/json': { schema } } }
}

/** A post after a write, and where the channel's log stood once it was done. */
export const WrittenPost = z.object({ post: Post, cursor: Cursor }).meta({ id: 'WrittenPost' })

export const headerDocs = {
  cursorTag: { type: 'string', description: 'The cursor that the answer is as of, in quotes.' },
  versionTag: { type: 'string', description: 'The version of the post, in quotes: what If-Match takes.' },
  location: { type: 'string', description: 'Address of what was made.' },
  replayed: {
    type: 'string',
    description: '`true` if the write had been made before, under the same Idempotency-Key.',
  },
  head: { type: 'string', description: 'Cursor of the end of the log; the batch may end before it.' },
  pollMs: {
    type: 'integer',
    description: 'Milliseconds to wait before asking again, once the batch reaches the head.',
  },
  staleMs: {
    type: 'integer',
    description: 'There where the store is away and this is what the server last knew: so many milliseconds ago.',
  },
  retryAfter: { type: 'integer', description: 'Seconds to wait before the same request is sent again.' },
  challenge: { type: 'string', description: 'What kind of key is needed (RFC 6750, 3).' },
} as const satisfies Record<string, HeaderDoc>
