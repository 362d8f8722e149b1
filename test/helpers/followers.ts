import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { waitMsMax } from '../../scripts/setup/test-limits.js'
import type { Batch, Snapshot } from '../../src/wire/batch.ts'
import type { Newsroom } from './newsroom.ts'
import { newestFirst, PlainFold, positionOf } from './plain-fold.ts'
import { type ClientSocket, type Connection, type TransportName, transports } from './transports.ts'

/** How a following began: with the batch past its cursor, with a first snapshot, or with one that says why. */
export type Beginning = 'batch' | 'snapshot' | 'epoch' | 'too-old' | 'ahead'

/** Someone who follows a channel, may leave and come back by cursor, on any node and transport, and folds what comes. */
export class Follower {
  readonly fold = new PlainFold()
  readonly batches: Batch[] = []
  readonly beginnings: Beginning[] = []
  readonly #channel: string
  #name = ''
  #connection: Connection | null = null
  #failure: unknown = null
  readonly #waiting = new Set<() => void>()

  constructor(t: TestContext, channel: string) {
    this.#channel = channel
    t.after(() => this.leave())
  }

  get socket(): ClientSocket {
    const socket = this.#connection?.socket
    assert.ok(socket !== undefined, 'it does not follow by a socket')
    return socket
  }

  get here(): boolean {
    return this.#connection !== null
  }

  /** Follows from where the fold stands. Resolves with the answer. */
  async follow(server: { readonly url: string }, transport: TransportName): Promise<void> {
    assert.equal(this.#connection, null, 'it follows already')
    this.#name = transport
    const begun = this.beginnings.length
    let open = true
    const guarded =
      <T extends unknown[]>(take: (...given: T) => void) =>
      (...given: T) => {
        if (open) this.#take(() => take(...given))
      }
    const connection = transports[transport](
      { url: server.url, channel: this.#channel },
      {
        held: () => (this.fold.begun ? this.fold.held() : null),
        snapshot: guarded((snapshot: Snapshot, reset: string | null) => {
          this.fold.begin(snapshot)
          this.beginnings.push(reset === 'epoch' || reset === 'too-old' || reset === 'ahead' ? reset : 'snapshot')
        }),
        answer: guarded((batch: Batch) => {
          this.#apply(batch)
          this.beginnings.push('batch')
        }),
        live: guarded(() => {
          if (this.beginnings.length === begun) this.beginnings.push('batch')
        }),
        batch: guarded((batch: Batch) => {
          assert.ok(batch.to > batch.from, 'an empty batch was pushed')
          this.#apply(batch)
        }),
        failed: guarded((error: unknown) => {
          throw error
        }),
      },
    )
    this.#connection = {
      ...connection,
      close: () => {
        open = false
        connection.close()
      },
    }
    await this.until('an answer', () => this.beginnings.length > begun)
  }

  leave(): void {
    this.#connection?.close()
    this.#connection = null
  }

  /** Resolves once it holds; asked again at all that comes. Fails with whatever broke the contract meanwhile. */
  until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (finish: () => void) => {
        clearTimeout(late)
        this.#waiting.delete(ask)
        finish()
      }
      const told = () => `${this.#name} at ${this.fold.cursor}, begun with ${this.beginnings.join(', ')}`
      const late = setTimeout(() => end(() => reject(new Error(`never came: ${what}; ${told()}`))), waitMsMax)
      const ask = () => {
        if (this.#failure !== null) end(() => reject(this.#asError()))
        else if (holds()) end(resolve)
      }
      this.#waiting.add(ask)
      ask()
    })
  }

  /** Resolves once it has seen all changes up to the cursor. */
  async reach(cursor: string): Promise<void> {
    const { epoch, offset } = positionOf(cursor)
    await this.until(`cursor ${cursor}`, () => this.fold.epoch === epoch && this.fold.offset >= offset)
  }

  /** It comes to hold what the channel's snapshot says. */
  async assertWhole(newsroom: Newsroom): Promise<void> {
    const snapshot = await newsroom.snapshot()
    await this.reach(snapshot.cursor)
    assert.equal(this.fold.cursor, snapshot.cursor)
    assert.deepEqual(this.fold.channel, snapshot.channel)
    assert.deepEqual(this.fold.newest(snapshot.posts.length), snapshot.posts)
    assert.deepEqual(this.fold.pinned(), [...snapshot.pinned].sort(newestFirst))
    for (const post of this.#connection?.posts?.() ?? []) assert.deepEqual(post, this.fold.posts.get(post.id))
  }

  #apply(batch: Batch): void {
    this.fold.apply(batch)
    this.batches.push(batch)
  }

  #take(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#failure ??= error
    }
    for (const ask of this.#waiting) ask()
  }

  #asError(): Error {
    return new Error(`The follower by ${this.#name} was told what it should not be: ${String(this.#failure)}`, {
      cause: this.#failure,
    })
  }
}

/** Someone new, who follows from a snapshot on. */
export async function followFresh(
  t: TestContext,
  server: { readonly url: string },
  channel: string,
  transport: TransportName,
): Promise<Follower> {
  const follower = new Follower(t, channel)
  await follower.follow(server, transport)
  return follower
}
