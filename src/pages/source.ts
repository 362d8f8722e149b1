import type { Page, Snapshot } from '../wire/batch.ts'
import type { Channel } from '../wire/channel.ts'
import type { Post } from '../wire/post.ts'
import type { ChannelId, Cursor, PageToken, PostId } from '../wire/scalars.ts'

/** What is shown. `staleMs` is there where the store is away, and this is what was known that long ago. */
export interface Shown<T> {
  readonly value: T
  readonly staleMs?: number
}

/** What the pages show. Every call gives null where there is no such channel or post; a fault is thrown. */
export interface PageSource {
  channels(): Promise<Shown<readonly Channel[]>>
  snapshot(id: ChannelId): Promise<Shown<Snapshot> | null>
  /** Posts past the token of an earlier page, newest first. */
  page(id: ChannelId, query: { before: PageToken }): Promise<Shown<Page> | null>
  /** The cursor must be read no later than the post, so that whoever follows from it misses no change of the post. */
  post(id: ChannelId, post: PostId): Promise<Shown<{ channel: Channel; cursor: Cursor; post: Post }> | null>
}
