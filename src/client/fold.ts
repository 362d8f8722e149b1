/**
 * What a follower knows of a channel, and how each thing that reaches it changes that. Pure: every function gives a new
 * state and leaves the old one as it was.
 *
 * A follower loads the newest posts first and older ones by the page, so it holds a window on the channel: all posts from
 * some post on, without a hole. A change may concern a post below the window. Such a post is kept aside, and takes its
 * place when the window reaches it; until then it is shown only where it is pinned.
 */
import type { Batch, Page, Snapshot } from '../wire/batch.ts'
import type { Channel } from '../wire/channel.ts'
import { formatCursor, parseCursor } from '../wire/cursor.ts'
import type { Post } from '../wire/post.ts'
import type { Cursor, Epoch, Offset, PageToken } from '../wire/scalars.ts'
import { compare, isPinned, listOf, merge, type PostList, part } from './post-list.ts'

/**
 * Posts kept aside, at most, pinned ones (of which the server allows few) not counted. Past it the oldest are let go: the
 * page on which they stand brings them as they are by then.
 */
export const asidePostsMax = 200

export interface FoldState {
  readonly channel: Channel
  readonly epoch: Epoch
  /** Every change up to here has been applied. */
  readonly offset: Offset
  /** The window, newest first: retracted posts keep their place as stubs. */
  readonly posts: PostList
  /** Posts below the window that came with a change or as pinned, newest first. */
  readonly aside: PostList
  /** Token of the page below the window; null where the window is the whole channel. */
  readonly older: PageToken | null
  /**
   * A page of older posts must have been read here or later. What changed below the window up to here (before the
   * snapshot, or not kept aside for want of room) was not seen, so a page from before it would bring back what is no more.
   */
  readonly pagesFrom: Offset
}

export type ApplyOutcome =
  /** `batch` holds the part that was new, so its `from` is the offset that the state had. */
  | { readonly kind: 'applied'; readonly state: FoldState; readonly batch: Batch }
  /** All of it had been applied before. */
  | { readonly kind: 'repeat' }
  /** Changes between the state's offset and the batch are missing: follow again by the state's cursor. */
  | { readonly kind: 'gap' }
  /** The batch is of another log. Following again by cursor gets the snapshot to start over from. */
  | { readonly kind: 'other-epoch' }

/** Throws a `RangeError` where the snapshot's cursor is none. */
export function startFrom(snapshot: Snapshot): FoldState {
  const position = parseCursor(snapshot.cursor)
  if (position === null) throw new RangeError(`not a cursor: ${snapshot.cursor}`)
  const posts = listOf(snapshot.posts)
  const state = { channel: snapshot.channel, ...position, posts, aside: [], older: snapshot.older ?? null }
  return withPosts({ ...state, pagesFrom: position.offset }, snapshot.pinned)
}

export function applyBatch(state: FoldState, batch: Batch): ApplyOutcome {
  if (batch.epoch !== state.epoch) return { kind: 'other-epoch' }
  if (batch.from > state.offset) return { kind: 'gap' }
  if (batch.to <= state.offset) return { kind: 'repeat' }
  const changes = batch.changes.filter((change) => change.offset > state.offset)
  const posts: Post[] = []
  let { channel } = state
  for (const change of changes) {
    if (change.type === 'channel.updated') channel = change.channel
    else posts.push(change.post)
  }
  return {
    kind: 'applied',
    state: withPosts({ ...state, channel, offset: batch.to }, posts),
    batch: batch.from === state.offset ? batch : { ...batch, from: state.offset, changes },
  }
}

/**
 * Lets the window reach down over a page that was asked for with `state.older`. Null where the page was read
 * before `state.pagesFrom` (a cache's answer). `readAt` is the
 * cursor at which the page is true, null where that is not known.
 */
export function addPage(state: FoldState, page: Page, readAt: string | null): FoldState | null {
  const position = readAt === null ? null : parseCursor(readAt)
  if (position !== null && (position.epoch !== state.epoch || position.offset < state.pagesFrom)) return null
  const posts = merge(state.posts, listOf(page.posts))
  return withPosts({ ...state, posts, older: page.older ?? null, aside: [] }, state.aside)
}

export function cursorOf(state: FoldState): Cursor {
  return formatCursor(state.epoch, state.offset)
}

/** The posts as a reader should see them: the pinned ones first, whatever their age, then the window's others. */
export function readingOrder(state: FoldState): PostList {
  const [pinned, others] = part(state.posts, isPinned)
  return [...merge(pinned, state.aside.filter(isPinned)), ...others]
}

/**
 * The plain form of a state, equal for all followers of one channel that loaded the same posts, whatever way the changes
 * came to them.
 */
export function foldOf(state: FoldState): { channel: Channel; posts: PostList } {
  return { channel: state.channel, posts: state.posts }
}

/** Puts each post where it belongs: into the window, or aside. */
function withPosts(state: FoldState, posts: Iterable<Post>): FoldState {
  const floor = state.posts[state.posts.length - 1]
  const inWindow = (post: Post) => state.older === null || (floor !== undefined && compare(post, floor) <= 0)
  const [reached, below] = part(listOf(posts), inWindow)
  const kept = bounded(merge(state.aside, below))
  return {
    ...state,
    posts: merge(state.posts, reached),
    aside: kept.list,
    pagesFrom: Math.max(state.pagesFrom, ...kept.forgotten.map(({ offset }) => offset)) as Offset,
  }
}

function bounded(aside: PostList): { list: PostList; forgotten: PostList } {
  const [pinned, others] = part(aside, isPinned)
  return { list: merge(pinned, others.slice(0, asidePostsMax)), forgotten: others.slice(asidePostsMax) }
}
