import assert from 'node:assert/strict'
import { Batch, Snapshot } from '../../src/wire/batch.ts'
import type { Channel } from '../../src/wire/channel.ts'
import { parseCursor } from '../../src/wire/cursor.ts'
import type { Post, PublishedPost } from '../../src/wire/post.ts'

/**
 * What a follower knows of a channel, folded as plainly as can be, with no code of the client library. It asserts, of all
 * that comes, what the contract promises.
 */
export class PlainFold {
  channel: Channel | null = null
  epoch = ''
  offset = -1
  readonly posts = new Map<string, Post>()

  get begun(): boolean {
    return this.channel !== null
  }

  get cursor(): string {
    return `${this.epoch}:${this.offset}`
  }

  begin(snapshot: Snapshot): void {
    assertSnapshot(snapshot)
    const { epoch, offset } = positionOf(snapshot.cursor)
    this.epoch = epoch
    this.offset = offset
    this.channel = snapshot.channel
    this.posts.clear()
    for (const post of [...snapshot.pinned, ...snapshot.posts]) this.posts.set(post.id, post)
  }

  apply(batch: Batch): void {
    assert.ok(Batch.safeParse(batch).success, `not a batch: ${JSON.stringify(batch)}`)
    assert.ok(this.channel !== null, 'a batch came to a follower that has not begun')
    assert.equal(batch.channel, this.channel.id)
    assert.equal(batch.epoch, this.epoch)
    assert.equal(batch.from, this.offset, `the batch (${batch.from}, ${batch.to}] leaves a gap or repeats`)
    assert.ok(batch.to >= batch.from, `the batch goes from ${batch.from} back to ${batch.to}`)
    let last: number = batch.from
    for (const change of batch.changes) {
      assert.ok(change.offset > last && change.offset <= batch.to, `offset ${change.offset} comes after ${last}`)
      last = change.offset
      if (change.type === 'channel.updated') this.channel = change.channel
      else this.#take(change.post, change.offset)
    }
    this.offset = batch.to
  }

  /** The newest posts, newest first. */
  newest(count: number): Post[] {
    return [...this.posts.values()].sort(newestFirst).slice(0, count)
  }

  /** The pinned posts, newest first. */
  pinned(): Post[] {
    return [...this.posts.values()].filter((post) => post.status === 'published' && post.pinned).sort(newestFirst)
  }

  /** A snapshot that says what is held, for a client that is to begin with it. */
  held(): Snapshot {
    assert.ok(this.channel !== null)
    const pinned = this.pinned()
    const posts = this.newest(this.posts.size)
    return Snapshot.parse({ channel: this.channel, cursor: this.cursor, pinned, posts })
  }

  #take(post: Post, offset: number): void {
    assertRetractedIsBare(post)
    assert.equal(post.channel, this.channel?.id)
    assert.ok(post.offset >= offset, `a post of offset ${post.offset} came with the later change ${offset}`)
    const known = this.posts.get(post.id)
    if (known !== undefined) {
      assert.ok(post.version >= known.version, `version ${post.version} came after ${known.version}`)
      assert.equal(post.publishedAt, known.publishedAt)
      assert.ok(known.status !== 'retracted' || post.status === 'retracted', 'a retracted post came back')
    }
    this.posts.set(post.id, post)
  }
}

function assertSnapshot(snapshot: Snapshot): void {
  assert.ok(Snapshot.safeParse(snapshot).success, `not a snapshot: ${JSON.stringify(snapshot)}`)
  assertOrdered(snapshot.posts)
  for (const post of snapshot.posts) {
    assertRetractedIsBare(post)
    if (post.status === 'published') assert.equal(post.pinned, isAmong(post, snapshot.pinned))
  }
  for (const post of snapshot.pinned) assert.equal(post.pinned, true)
}

/** Newest first, and each post once. */
function assertOrdered(posts: readonly Post[]): void {
  for (const [i, post] of posts.entries()) {
    const before = posts[i - 1]
    if (before !== undefined) assert.ok(before.publishedAt > post.publishedAt, `${post.id} is not in its place`)
  }
}

export function newestFirst(a: Post, b: Post): number {
  return a.publishedAt > b.publishedAt ? -1 : 1
}

const bare = ['channel', 'id', 'offset', 'publishedAt', 'retraction', 'status', 'version']

/** Of a retracted post, nothing is left that it said. */
function assertRetractedIsBare(post: Post): void {
  if (post.status === 'retracted') assert.deepEqual(Object.keys(post).sort(), bare)
}

function isAmong(post: PublishedPost, pinned: readonly PublishedPost[]): boolean {
  return pinned.some(({ id, version }) => id === post.id && version === post.version)
}

export function positionOf(cursor: string): { epoch: string; offset: number } {
  const position = parseCursor(cursor)
  assert.ok(position !== null, `not a cursor: ${cursor}`)
  return position
}
