import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { waitMsMax } from '../../scripts/setup/test-limits.js'
import { type Feed, type FeedState, type FollowOptions, foldOf, follow, startFrom } from '../../src/client/index.ts'
import type { Batch, Page, Snapshot } from '../../src/wire/batch.ts'
import { cursorAfter } from '../../src/wire/cursor.ts'
import { storageOf } from './kept.ts'

/** A feed and all that it told. */
export interface Watched {
  readonly feed: Feed
  readonly states: FeedState[]
  readonly batches: Batch[]
  readonly problems: string[]
  readonly resets: string[]
  /** Whether changes came late, each time that this changed. */
  readonly slowed: boolean[]
  /** Resolves once it holds, asked again at everything that the feed tells. */
  until(what: string, holds: (feed: Feed) => boolean): Promise<void>
}

/**
 * Delays that make a test quick; what the server says about delays is taken up to a fraction of a second. On a busy
 * machine no line is given up because it is slow.
 */
export const quick = {
  openTimeoutMs: waitMsMax,
  answerTimeoutMs: waitMsMax,
  besideMs: waitMsMax,
  besideNextMs: waitMsMax,
  quietMs: waitMsMax,
  silenceMs: waitMsMax,
  retryBaseMs: 20,
  retryCapMs: 200,
  settleMs: 200,
  climbMs: 100,
  climbCapMs: 200,
  steeredClimbMs: 100,
  pollMs: 50,
  idlePollMs: 100,
  leaveSpreadMs: 100,
  toldCapMs: 50,
} as const

export function watch(t: TestContext, url: string, channel: string, options: FollowOptions = {}): Watched {
  const states: FeedState[] = []
  const batches: Batch[] = []
  const problems: string[] = []
  const resets: string[] = []
  const slowed: boolean[] = []
  const asking = new Set<() => void>()
  const ask = () => {
    for (const one of asking) one()
  }
  let cursor = options.snapshot?.cursor
  const feed = follow(url, channel, {
    timing: quick,
    // What one test learns is nothing to the next, which may have a server on the same port.
    storage: storageOf(),
    ...options,
    onSnapshot: (snapshot, why) => {
      resets.push(why)
      cursor = snapshot.cursor
      ask()
    },
    onBatch: (batch) => {
      // Each change once, in order, none left out: every batch begins where the last thing told ended.
      assert.equal(`${batch.epoch}:${batch.from}`, cursor)
      cursor = cursorAfter(batch)
      assert.equal(feed.cursor, cursor)
      batches.push(batch)
      ask()
    },
    onState: (state) => {
      states.push(state)
      ask()
    },
    onSlowed: (now) => {
      slowed.push(now)
      ask()
    },
    onError: (problem) => {
      problems.push(problem.code)
      ask()
    },
  })
  t.after(() => feed.close())
  const until = (what: string, holds: (feed: Feed) => boolean) =>
    new Promise<void>((resolve, reject) => {
      const giveUp = setTimeout(() => {
        const told = `${feed.state} by ${feed.transport} at ${feed.cursor}`
        reject(new Error(`${what} never came; the feed is ${told}: ${states.join(', ')} (${problems.join(', ')})`))
      }, waitMsMax)
      const one = () => {
        if (!holds(feed)) return
        asking.delete(one)
        clearTimeout(giveUp)
        resolve()
      }
      asking.add(one)
      one()
    })
  return { feed, states, batches, problems, resets, slowed, until }
}

export function isLive(feed: Feed): boolean {
  return feed.state === 'live'
}

export async function snapshotOf(url: string, channel: string): Promise<Snapshot> {
  const response = await fetch(`${url}/v1/channels/${channel}`)
  assert.equal(response.status, 200)
  return await response.json()
}

/** All that the server has of a channel, as a plain fold. */
async function wholeFold(url: string, channel: string): Promise<ReturnType<typeof foldOf>> {
  const snapshot = await snapshotOf(url, channel)
  const posts = [...snapshot.posts]
  for (let older = snapshot.older; older !== undefined; ) {
    const response = await fetch(`${url}/v1/channels/${channel}/posts?before=${older}`)
    const page: Page = await response.json()
    posts.push(...page.posts)
    older = page.older
  }
  return foldOf(startFrom({ ...snapshot, posts }))
}

/** The feed has what the server has, once all its older posts are loaded. */
export async function assertWhole(watched: Watched, url: string, channel: string): Promise<void> {
  const { feed } = watched
  const { cursor } = await snapshotOf(url, channel)
  await watched.until(`cursor ${cursor}`, () => feed.cursor === cursor)
  while (await feed.loadOlder()) assert.ok(feed.fold !== null)
  assert.ok(feed.fold !== null)
  assert.deepEqual(foldOf(feed.fold), await wholeFold(url, channel))
}
