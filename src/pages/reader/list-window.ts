import type { Post } from '../../wire/post.ts'

/** Articles on the page at most, pinned ones not counted: with more, a browser is slow at each change. */
const articlesMax = 200
/** Posts that come onto the page in one go, so that an input is answered soon. */
const stepPosts = 4
/** Posts that come onto the page one step after the other. */
const openedPosts = 30

/** Posts in a row that are not on the page, newest first. */
export interface Gap {
  readonly left: readonly Post[]
}

export type Entry = Post | Gap

export type Steps = readonly (readonly Post[])[]

export function isGap(entry: Entry): entry is Gap {
  return 'left' in entry
}

/**
 * Knows which posts of the list are on the page. The others are in gaps, each of which has a mark and can be opened.
 * Pinned posts are always on the page.
 */
export class ListWindow {
  readonly #leftOut = new Set<string>()

  /** Takes new posts in, newest first. Gives the steps in which some of them come; the others stay in a gap below. */
  admit(fresh: readonly Post[]): Steps {
    for (const { id } of fresh) this.#leftOut.add(id)
    return stepsOf(fresh.slice(0, openedPosts))
  }

  /** The steps in which some posts of a gap come onto the page: the newest of them, or the oldest. */
  stepsInto({ left }: Gap, from: 'newest' | 'oldest'): Steps {
    return from === 'newest' ? stepsOf(left.slice(0, openedPosts)) : stepsOf(left.slice(-openedPosts).reverse())
  }

  show(posts: readonly Post[]): void {
    for (const { id } of posts) this.#leftOut.delete(id)
  }

  /** Takes posts off the page until it has as many as it may, those first that are furthest from the one that is `read`. */
  bound(posts: readonly Post[], read: string | undefined, isKept: (post: Post) => boolean): void {
    const shown = posts.filter((post) => !this.#leftOut.has(post.id) && !isPinned(post))
    const surplus = shown.length - articlesMax
    if (surplus <= 0) return
    const at = Math.max(
      0,
      shown.findIndex(({ id }) => id === read),
    )
    const furthest = shown
      .map((post, index) => ({ post, distance: Math.abs(index - at) }))
      .filter(({ post }) => !isKept(post))
      .sort((a, b) => b.distance - a.distance)
    for (const { post } of furthest.slice(0, surplus)) this.#leftOut.add(post.id)
  }

  /** The list as the page shows it. */
  entries(posts: readonly Post[]): Entry[] {
    const entries: Entry[] = []
    let left: Post[] = []
    const close = () => {
      if (left.length > 0) entries.push({ left })
      left = []
    }
    for (const post of posts) {
      if (this.#leftOut.has(post.id) && !isPinned(post)) {
        left.push(post)
      } else {
        close()
        entries.push(post)
      }
    }
    close()
    return entries
  }

  /** Whether the post is in a gap. */
  hasLeftOut(post: Post): boolean {
    return this.#leftOut.has(post.id)
  }

  /** Lets go of posts that are no longer in the list. */
  keepOnly(posts: readonly Post[]): void {
    if (this.#leftOut.size === 0) return
    const ids = new Set<string>(posts.map(({ id }) => id))
    for (const id of this.#leftOut) if (!ids.has(id)) this.#leftOut.delete(id)
  }
}

function stepsOf(posts: readonly Post[]): Steps {
  const steps: Post[][] = []
  for (let start = 0; start < posts.length; start += stepPosts) steps.push(posts.slice(start, start + stepPosts))
  return steps
}

export function isPinned(post: Post): boolean {
  return post.status === 'published' && post.pinned
}
