import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addPage,
  applyBatch,
  asidePostsMax,
  type FoldState,
  foldOf,
  readingOrder,
  startFrom,
} from '../../src/client/fold.ts'
import type { Epoch } from '../../src/wire/scalars.ts'
import { type Act, History } from './history.ts'

/** Few posts are picked often, so that several changes of one post fall close together. */
const pick = fc.oneof(fc.nat(2), fc.nat(1_000))

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'publish' } as const) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('edit', 'retract', 'pin', 'unpin'), pick }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'channel' } as const) },
)

/** What may reach a follower. `back` and `on` say where a batch begins and ends, beside the follower's offset. */
const delivery = fc.oneof(
  fc.record({ kind: fc.constant('news' as const), acts: fc.array(act, { minLength: 1, maxLength: 6 }) }),
  fc.record({ kind: fc.constant('batch' as const), back: fc.nat(8), on: fc.nat(8), lag: fc.nat(6) }),
  fc.record({ kind: fc.constant('ahead' as const), skip: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('page' as const), size: fc.integer({ min: 1, max: 4 }), lag: fc.nat(6) }),
  fc.record({ kind: fc.constant('snapshot' as const), size: fc.integer({ min: 1, max: 4 }) }),
)
type Delivery = typeof delivery extends fc.Arbitrary<infer T> ? T : never

function deliver(history: History, state: FoldState, step: Delivery): FoldState {
  const { head } = history
  switch (step.kind) {
    case 'news':
      for (const one of step.acts) history.do(one)
      return state
    case 'batch': {
      const from = Math.max(0, state.offset - step.back)
      const to = Math.min(head, from + step.on)
      const outcome = applyBatch(state, history.batch(from, to, Math.max(to, head - step.lag)))
      assert.equal(outcome.kind, to > state.offset ? 'applied' : 'repeat')
      if (outcome.kind !== 'applied') return state
      assert.deepEqual([outcome.batch.from, outcome.batch.to], [state.offset, to])
      assert.ok(outcome.batch.changes.every(({ offset }) => offset > state.offset))
      return outcome.state
    }
    case 'ahead': {
      const from = state.offset + step.skip
      if (from <= head) assert.equal(applyBatch(state, history.batch(from, head)).kind, 'gap')
      return state
    }
    case 'page': {
      if (state.older === null) return state
      const readAt = Math.max(Number(state.older), head - step.lag)
      const after = addPage(state, history.page(state.older, step.size, readAt), history.cursor(readAt))
      assert.equal(after === null, readAt < state.pagesFrom)
      return after ?? state
    }
    case 'snapshot':
      return startFrom(history.snapshot(step.size))
  }
}

/** The window is a run of posts without a hole or a double, up to the newest, and none older than the offset promises. */
function checkWindow(history: History, state: FoldState): void {
  const all = history.page(undefined, Number.POSITIVE_INFINITY).posts
  const first = all.findIndex(({ id }) => id === state.posts[0]?.id)
  const run = all.slice(first === -1 ? all.length : first, first + state.posts.length)
  assert.deepEqual(ids(state.posts), ids(run))
  const due = new Map(history.page(undefined, Number.POSITIVE_INFINITY, state.offset).posts.map((p) => [p.id, p]))
  for (const post of [...state.posts, ...state.aside]) assert.ok(post.version >= (due.get(post.id)?.version ?? 0))
  const shown = readingOrder(state)
  assert.equal(new Set(ids(shown)).size, shown.length)
  assert.ok(ids(state.posts).every((id) => ids(shown).includes(id)))
}

function ids(posts: readonly { readonly id: string }[]): string[] {
  return posts.map(({ id }) => id)
}

function loadAll(history: History, state: FoldState): FoldState {
  let loaded = state
  while (loaded.older !== null) {
    const next = addPage(loaded, history.page(loaded.older, 3), history.cursor(history.head))
    assert.ok(next !== null)
    loaded = next
  }
  return loaded
}

test('whatever is repeated, overlaps, lags or is paged in, the fold ends as the model', () => {
  fc.assert(
    fc.property(
      fc.array(act, { maxLength: 25 }),
      fc.integer({ min: 1, max: 6 }),
      fc.array(delivery, { maxLength: 40 }),
      (acts, size, deliveries) => {
        const history = new History()
        for (const one of acts) history.do(one)
        let state = startFrom(history.snapshot(size))
        for (const step of deliveries) {
          const before = step.kind === 'snapshot' ? [] : state.posts
          state = deliver(history, state, step)
          checkWindow(history, state)
          const versions = new Map(state.posts.map(({ id, version }) => [id, version]))
          for (const { id, version } of before) assert.ok((versions.get(id) ?? 0) >= version, 'a post went back')
        }
        const caughtUp = applyBatch(state, history.batch(state.offset, history.head))
        if (caughtUp.kind === 'applied') state = caughtUp.state
        assert.equal(state.offset, history.head)
        // Pinned posts are shown whatever their age, and as the model has them.
        const pinned = history.snapshot(1).pinned
        assert.deepEqual(readingOrder(state).slice(0, pinned.length), pinned)
        const whole = startFrom(history.snapshot(Number.POSITIVE_INFINITY))
        assert.deepEqual(foldOf(loadAll(history, state)), foldOf(whole))
      },
    ),
    { numRuns: 1_000 },
  )
})

test('a batch of another log is told apart, whatever its offsets', () => {
  const history = new History()
  history.do({ kind: 'publish' })
  const state = startFrom(history.snapshot(10))
  history.do({ kind: 'publish' })
  const other = { ...history.batch(1, 2), epoch: 'e2' as Epoch }
  assert.equal(applyBatch(state, other).kind, 'other-epoch')
})

test('a batch that was read earlier does not bring back an earlier version', () => {
  const history = new History()
  history.do({ kind: 'publish' })
  const start = startFrom(history.snapshot(10))
  for (const kind of ['edit', 'pin', 'retract'] as const) history.do({ kind, pick: 0 })
  const first = applyBatch(start, history.batch(1, 2))
  assert.ok(first.kind === 'applied')
  assert.equal(first.state.posts[0]?.status, 'retracted')
  const second = applyBatch(first.state, history.batch(2, 3, 3))
  assert.ok(second.kind === 'applied')
  assert.equal(second.state.posts[0]?.status, 'retracted')
})

test('a change of a post that is not loaded waits aside until its page comes', () => {
  const history = new History()
  for (let i = 0; i < 6; i++) history.do({ kind: 'publish' })
  const start = startFrom(history.snapshot(2))
  history.do({ kind: 'edit', pick: 0 })
  const outcome = applyBatch(start, history.batch(6, 7))
  assert.ok(outcome.kind === 'applied')
  assert.deepEqual(ids(outcome.state.posts), ids(start.posts))
  // The page was read before the edit, as out of a cache.
  const loaded = addPage(outcome.state, history.page(start.older ?? '', 10, 6), history.cursor(6))
  assert.equal(loaded?.posts.length, 6)
  assert.equal(loaded?.posts.at(-1)?.version, 2)
})

test('what waits aside is bounded, and a page from before what was let go is refused', () => {
  const history = new History()
  const posts = asidePostsMax + 60
  for (let i = 0; i < posts; i++) history.do({ kind: 'publish' })
  const start = startFrom(history.snapshot(10))
  for (let i = 0; i < posts; i++) history.do({ kind: i === 3 ? 'pin' : 'edit', pick: i })
  const outcome = applyBatch(start, history.batch(posts, history.head))
  assert.ok(outcome.kind === 'applied')
  const { state } = outcome
  assert.equal(state.aside.length, asidePostsMax + 1)
  assert.equal(readingOrder(state)[0]?.id, 'post000003')
  const stale = posts + 10
  assert.equal(addPage(state, history.page(state.older ?? '', 100, stale), history.cursor(stale)), null)
  const whole = startFrom(history.snapshot(Number.POSITIVE_INFINITY))
  assert.deepEqual(foldOf(loadAll(history, state)), foldOf(whole))
})
