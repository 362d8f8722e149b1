import type { Batch, Snapshot } from '../wire/batch.ts'
import { formatCursor } from '../wire/cursor.ts'
import type { Post } from '../wire/post.ts'
import type { PostId } from '../wire/scalars.ts'

/**
 * A snapshot brought up by the batches that follow on it, in order. None of its posts goes, so that it may have more than
 * one that is read from the table: where a page ends can be said only of one that was read. A post that was pinned since
 * stands before those that were pinned already.
 */
export function foldSnapshot(snapshot: Snapshot, batches: readonly Batch[]): Snapshot {
  const last = batches.at(-1)
  if (last === undefined) return snapshot
  const { older } = snapshot
  const floor = snapshot.posts.at(-1)?.publishedAt ?? ''
  const posts = new Map<PostId, Post>(snapshot.posts.map((post) => [post.id, post]))
  const pinned = [...snapshot.pinned]
  let { channel } = snapshot
  for (const change of batches.flatMap(({ changes }) => changes)) {
    if (change.type === 'channel.updated') {
      channel = change.channel
      continue
    }
    const { post } = change
    // What lies below the posts here is on the page that `older` leads to. Times in UTC go by their letters.
    if (older === undefined || post.publishedAt >= floor) posts.set(post.id, post)
    const at = pinned.findIndex(({ id }) => id === post.id)
    if (post.status === 'published' && post.pinned) {
      if (at < 0) pinned.unshift(post)
      else pinned[at] = post
    } else if (at >= 0) pinned.splice(at, 1)
  }
  return {
    channel,
    cursor: formatCursor(last.epoch, last.to),
    pinned,
    posts: [...posts.values()].sort((a, b) => (a.publishedAt < b.publishedAt ? 1 : -1)),
    ...(older === undefined ? {} : { older }),
  }
}
