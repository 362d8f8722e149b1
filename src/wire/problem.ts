import { z } from 'zod'

/**
 * An error as clients see it (RFC 9457). `code` is what programs compare; `detail` tells a person what to do next.
 * Extra members (`errors`, `retraction`, `reason`, `retryAfterMs`) come with the codes that PROTOCOL.md names.
 */
export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>
