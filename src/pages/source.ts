import type { Page, Snapshot } from '../wire/batch.ts'
import type { Channel } from '../wire/channel.ts'
import type { Post } from '../wire/post.ts'
import type { ChannelId, Cursor, PageToken, PostId } from '../wire/scalars.ts'

/** What the pages show. Every call gives null where there is no such channel or post; a fault is thrown. */
export interface PageSource {
  channels(): Promise<readonly Channel[]>
  snapshot(id: ChannelId): Promise<Snapshot | null>
  /** Posts past the token of an earlier page, newest first. */
  page(id: ChannelId, query: { before: PageToken }): Promise<Page | null>
  /** The cursor must be read no later than the post, so that whoever follows from it misses no change of the post. */
  post(id: ChannelId, post: PostId): Promise<{ channel: Channel; cursor: Cursor; post: Post } | null>
}
