import assert from 'node:assert/strict'
import type { ChannelFeed, Follower } from '../../src/feed/channel-feed.ts'
import type { Hub } from '../../src/feed/hub.ts'
import type { Outgoing } from '../../src/feed/outgoing.ts'
import type { Start } from '../../src/feed/starts.ts'
import { parseCursor } from '../../src/wire/cursor.ts'
import type { Cursor, Offset } from '../../src/wire/scalars.ts'
import { channelId } from './log.ts'

/** A follower whose socket the test fills and drains. It checks that each batch begins where it stands. */
export class TestFollower implements Follower {
  offset = 0 as Offset
  behindSince: number | null = null
  stuckSince: number | null = null
  readonly transport = 'websocket'
  readonly batches: number[] = []
  at = 0
  cut = false
  restarted = false
  /** Batches that its socket takes before it is full. */
  room = Number.POSITIVE_INFINITY
  feed: ChannelFeed | null = null
  #reached: { offset: number; resolve: () => void } | null = null

  begin(start: Start): this {
    const cursor = start.kind === 'batch' ? `e:${start.batch.value.to}` : start.snapshot.value.cursor
    this.at = parseCursor(cursor)?.offset ?? -1
    return this
  }

  ready(): boolean {
    return this.room > 0
  }

  direct(): null {
    return null
  }

  send({ batch }: Outgoing): void {
    assert.ok(this.room > 0, 'it is sent nothing while its socket is full')
    this.room--
    assert.equal(batch.from, this.at, 'each batch begins where the follower stands')
    this.at = batch.to
    this.batches.push(batch.to)
    if (this.#reached !== null && this.at >= this.#reached.offset) this.#reached.resolve()
  }

  startOver(): void {
    this.restarted = true
  }

  cutOff(): void {
    this.cut = true
  }

  drain(room = Number.POSITIVE_INFINITY): void {
    this.room = room
    this.feed?.drained(this)
  }

  /** Resolves when it stands at the offset. */
  async reaches(offset: number): Promise<void> {
    if (this.at >= offset) return
    await new Promise<void>((resolve) => {
      this.#reached = { offset, resolve }
    })
  }
}

export async function join(hub: Hub, id: string, after?: Cursor): Promise<TestFollower> {
  const follower = new TestFollower()
  await hub.join(channelId(id), after, (start) => follower.begin(start))
  return follower
}
