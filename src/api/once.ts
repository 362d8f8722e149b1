import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Once } from '../log/log.ts'
import { limits } from '../wire/limits.ts'
import { principalOf } from './auth.ts'

/** Printable ASCII, of the client's choice: one for each write that it means to make once. */
export const IdempotencyKey = z
  .string()
  .max(limits.idempotencyKeyCharsMax)
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 'must be printable ASCII')
  .describe(
    `Makes a repeated write one write: for ${limits.idempotencyMs / 3_600_000} hours the same key with the same request is not made again, and is answered with the post or channel as it stands now and the header Idempotency-Replayed. With another request it is refused (422). ${limits.idempotencyRecordsMax} keys are remembered for each holder of an API key in each channel; past that the oldest are forgotten.`,
  )
  .meta({ examples: ['5f1c9a52-0d0e-4b6a-9a0c-1f3f0e6f2b11'] })

/** What makes a write happen once. Keys are of their holder's own. */
export function onceOf(request: FastifyRequest): Once {
  const given = request.headers['idempotency-key']
  const path = request.url.split('?', 1)[0]
  const asked = [request.method, path, request.headers['if-match'] ?? '', canonical(request.body)]
  return {
    holder: principalOf(request).id,
    key: typeof given === 'string' ? given : null,
    fingerprint: createHash('sha256').update(JSON.stringify(asked)).digest('base64url'),
  }
}

/** Says that the write had been made before. */
export function markReplayed(reply: FastifyReply, { repeated }: { readonly repeated: boolean }): void {
  if (repeated) reply.header('Idempotency-Replayed', 'true')
}

/** The same value gives the same text, in whatever order its members came. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, member: unknown) =>
      typeof member === 'object' && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    ) ?? ''
  )
}
