import type { Post } from '../wire/post.ts'

/** Posts in the channel's order: the newest first, each id once. */
export type PostList = readonly Post[]

/**
 * Below zero where `a` stands before `b`. `publishedAt` never changes and grows from post to post, so it alone orders
 * them; the id only makes the order total. Times on the wire all have one length, so they compare as text.
 */
export function compare(a: Post, b: Post): number {
  if (a.publishedAt !== b.publishedAt) return a.publishedAt > b.publishedAt ? -1 : 1
  if (a.id === b.id) return 0
  return a.id < b.id ? -1 : 1
}

/** Any posts as a list: ordered, and of several versions of one post the highest. */
export function listOf(posts: Iterable<Post>): PostList {
  const byId = new Map<string, Post>()
  for (const post of posts) {
    const known = byId.get(post.id)
    if (known === undefined || known.version < post.version) byId.set(post.id, post)
  }
  return [...byId.values()].sort(compare)
}

/** Both lists in one. Where both have a post, the higher version stays; `a`'s where they are the same. */
export function merge(a: PostList, b: PostList): PostList {
  if (b.length === 0) return a
  if (a.length === 0) return b
  const merged: Post[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const left = a[i]
    const right = b[j]
    const order = left === undefined ? 1 : right === undefined ? -1 : compare(left, right)
    if (left !== undefined && order < 0) merged.push(left)
    else if (right !== undefined && order > 0) merged.push(right)
    else if (left !== undefined && right !== undefined) merged.push(right.version > left.version ? right : left)
    if (order <= 0) i++
    if (order >= 0) j++
  }
  return merged
}

/** Parts a list in two: what passes the test, and the rest. */
export function part(list: PostList, test: (post: Post) => boolean): [passing: PostList, rest: PostList] {
  return [list.filter(test), list.filter((post) => !test(post))]
}

export function isPinned(post: Post): boolean {
  return post.status === 'published' && post.pinned
}
