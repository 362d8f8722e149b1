import { z } from 'zod'
import { RetractedPost, Retraction } from './post.ts'

const FieldError = z.object({ path: z.string(), message: z.string() }).meta({ id: 'FieldError' })

/**
 * An error as clients see it (RFC 9457). `code` is what programs compare; `detail` tells a person what to do next.
 * The optional members come with the codes that PROTOCOL.md names, and others may come.
 */
export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(FieldError).optional(),
    allow: z.array(z.string()).optional(),
    scope: z.string().optional(),
    reason: z.string().optional(),
    version: z.int().optional(),
    retraction: Retraction.optional(),
    post: RetractedPost.optional(),
    retryAfterMs: z.number().optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>
