import { z } from 'zod'
import { Channel } from './channel.ts'
import { Post, PublishedPost } from './post.ts'
import { ChannelId, Cursor, Epoch, Instant, Offset, PageToken } from './scalars.ts'

const PostChangeType = z
  .enum(['post.published', 'post.updated', 'post.retracted', 'post.pinned', 'post.unpinned'])
  .meta({ id: 'PostChangeType' })

/** `post` is the post as it stands now, which may be later than the change. */
const PostChange = z
  .object({ offset: Offset, at: Instant, type: PostChangeType, post: Post })
  .meta({ id: 'PostChange' })

const ChannelChange = z
  .object({ offset: Offset, at: Instant, type: z.literal('channel.updated'), channel: Channel })
  .meta({ id: 'ChannelChange' })

export const Change = z.union([PostChange, ChannelChange]).meta({ id: 'Change' })
export type Change = z.infer<typeof Change>

/**
 * The one shape in which changes travel. It covers every offset in `(from, to]`, though it may hold fewer changes: one
 * that a later change makes void may be left out. A gap is `from` not being one's own offset, never a matter of counting.
 */
export const Batch = z
  .object({ channel: ChannelId, epoch: Epoch, from: Offset, to: Offset, changes: z.array(Change) })
  .meta({ id: 'Batch' })
export type Batch = z.infer<typeof Batch>

/** A page of posts, newest first. `older` is the token that `before` takes; absent on the last page. */
export const Page = z.object({ posts: z.array(Post), older: PageToken.optional() }).meta({ id: 'Page' })
export type Page = z.infer<typeof Page>

/** Where a client starts: the channel, its newest posts, and the cursor from which to follow on. */
export const Snapshot = z
  .object({
    channel: Channel,
    cursor: Cursor,
    pinned: z.array(PublishedPost),
    posts: z.array(Post),
    older: PageToken.optional(),
  })
  .meta({ id: 'Snapshot' })
export type Snapshot = z.infer<typeof Snapshot>
