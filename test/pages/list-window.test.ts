import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { isGap, ListWindow } from '../../src/pages/reader/list-window.ts'
import type { Post } from '../../src/wire/post.ts'

/** Posts as a feed has them, the newest first; what the window does not look at is left out. */
function listOf(count: number, isPinned: (number: number) => boolean = () => false): Post[] {
  const posts = Array.from({ length: count }, (_, i) => {
    return { id: `post-${count - i}`, status: 'published', pinned: isPinned(count - i) } as unknown as Post
  })
  return [...posts.filter((_, i) => isPinned(count - i)), ...posts.filter((_, i) => !isPinned(count - i))]
}

const never = () => false

test('each post is on the page or in a gap, in its place, and no more than 200 are on the page but for pinned ones', () => {
  const action = fc.oneof(
    fc.record({ admit: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ open: fc.nat(), from: fc.constantFrom('newest' as const, 'oldest' as const) }),
    fc.record({ read: fc.nat() }),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 12 }), (actions) => {
      const window = new ListWindow()
      let count = 30
      let posts = listOf(count)
      for (const did of actions) {
        if ('admit' in did) {
          count += did.admit
          posts = listOf(count, (number) => number % 97 === 0)
          const fresh = posts.slice(0, did.admit)
          for (const step of window.admit(fresh)) window.show(step)
        } else if ('open' in did) {
          const gaps = window.entries(posts).filter(isGap)
          const gap = gaps[did.open % Math.max(1, gaps.length)]
          if (gap !== undefined) for (const step of window.stepsInto(gap, did.from)) window.show(step)
        }
        const read = 'read' in did ? posts[did.read % posts.length]?.id : undefined
        window.bound(posts, read, never)
        const entries = window.entries(posts)
        assert.deepEqual(
          entries.flatMap((entry) => (isGap(entry) ? entry.left : [entry])),
          posts,
        )
        const shown = entries.filter((entry) => !isGap(entry) && !(entry.status === 'published' && entry.pinned))
        assert.ok(shown.length <= 200, `${shown.length} on the page`)
        assert.ok(entries.every((entry, i) => !isGap(entry) || !isGap(entries[i + 1] ?? ({} as Post))))
      }
    }),
  )
})

test('of many new posts, the newest thirty come in steps of four, and the others are in one gap', () => {
  const window = new ListWindow()
  const posts = listOf(130)
  const steps = window.admit(posts.slice(0, 100))
  assert.deepEqual(
    steps.map((step) => step.length),
    [4, 4, 4, 4, 4, 4, 4, 2],
  )
  for (const step of steps) window.show(step)
  const entries = window.entries(posts)
  assert.deepEqual(entries.slice(0, 30), posts.slice(0, 30))
  const gap = entries[30]
  assert.ok(gap !== undefined && isGap(gap))
  assert.deepEqual(gap.left, posts.slice(30, 100))
  assert.deepEqual(entries.slice(31), posts.slice(100))
})

test('posts that are furthest from the one that is read go first, and what is in view never', () => {
  const window = new ListWindow()
  const posts = listOf(260)
  window.bound(posts, posts[250]?.id, (post) => post === posts[0])
  const entries = window.entries(posts)
  assert.equal(entries[0], posts[0])
  const gap = entries[1]
  assert.ok(gap !== undefined && isGap(gap))
  assert.deepEqual(gap.left, posts.slice(1, 61))
  assert.deepEqual(entries.slice(2), posts.slice(61))
})

test('a post that is pinned in a gap is on the page, and posts that the list no longer has are in no gap', () => {
  const window = new ListWindow()
  const posts = listOf(130)
  for (const step of window.admit(posts.slice(0, 100)).slice(0, 1)) window.show(step)
  const pinned = listOf(130, (number) => number === 60)
  assert.equal(window.entries(pinned)[0], pinned[0])
  window.keepOnly(posts.slice(100))
  assert.deepEqual(window.entries(posts), posts)
})
