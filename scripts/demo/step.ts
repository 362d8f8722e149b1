import type { z } from 'zod'
import type { NewChannel } from '../../src/wire/channel.ts'
import type { NewPost, PostEdit } from '../../src/wire/post.ts'

/** One write of a coverage. Posts go by a name of the coverage's own until the server has given them an id. */
export type Step =
  | { readonly do: 'publish'; readonly name?: string; readonly post: z.input<typeof NewPost> }
  | { readonly do: 'edit'; readonly name: string; readonly edit: z.input<typeof PostEdit> }
  | { readonly do: 'pin'; readonly name: string }
  | { readonly do: 'retract'; readonly name: string; readonly reason: string }

/** A channel without its id, and what is written to it, in order. */
export interface Coverage {
  readonly channel: Omit<z.input<typeof NewChannel>, 'id'>
  readonly steps: readonly Step[]
}

/** The time of an event so many minutes before the coverage is published (RFC 3339). */
export type MinutesAgo = (minutes: number) => string
