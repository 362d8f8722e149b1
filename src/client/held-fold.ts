import type { Batch, Page, Snapshot } from '../wire/batch.ts'
import type { ChannelStatus } from '../wire/channel.ts'
import type { ResetReason } from '../wire/events.ts'
import type { Cursor, PageToken } from '../wire/scalars.ts'
import { withDeadline } from './deadline.ts'
import { asFeedError, FeedError, unreachable } from './failure.ts'
import { addPage, applyBatch, cursorOf, type FoldState, readingOrder, startFrom } from './fold.ts'
import type { ToldReason } from './line.ts'
import type { PostList } from './post-list.ts'
import { type Addresses, requestJson } from './requests.ts'

/** What a feed asks for older posts with. */
export interface PageRequests {
  readonly addresses: Addresses
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

const by = 'older posts'

/** A page out of a cache may be older than what is held; caches keep one for a second. */
const staleTriesMax = 3
const stalePauseMs = 1_000

/** The one fold of a feed, into which all its lines and pages go. */
export class HeldFold {
  #state: FoldState | null
  #posts: PostList
  #older: Promise<boolean> | null = null

  constructor(state: FoldState | null) {
    this.#state = state
    this.#posts = state === null ? [] : readingOrder(state)
  }

  get state(): FoldState | null {
    return this.#state
  }

  get posts(): PostList {
    return this.#posts
  }

  get cursor(): Cursor | null {
    return this.#state === null ? null : cursorOf(this.#state)
  }

  /** A channel of which nothing is known may be live. */
  get status(): ChannelStatus {
    return this.#state?.channel.status ?? 'live'
  }

  get hasOlder(): boolean {
    return this.#state !== null && this.#state.older !== null
  }

  /** Replaces everything, and says why that had to be. */
  startOver(snapshot: Snapshot, told: ToldReason): 'start' | ResetReason {
    const before = this.#state
    const after = startFrom(snapshot)
    this.#hold(after)
    if (before === null) return 'start'
    if (told === 'too-old') return 'too-old'
    // A log that ends before what has been seen has lost it: to a client that is another log.
    const other = before.epoch !== after.epoch || after.offset < before.offset
    return other || told !== undefined ? 'epoch' : 'too-old'
  }

  /** The part of the batch that was new, null where none was; or `astray` where it does not follow on what is held. */
  apply(batch: Batch): Batch | null | 'astray' {
    if (this.#state === null) return 'astray'
    const outcome = applyBatch(this.#state, batch)
    switch (outcome.kind) {
      case 'applied':
        this.#hold(outcome.state)
        return outcome.batch
      case 'repeat':
        return null
      case 'gap':
      case 'other-epoch':
        return 'astray'
    }
  }

  /** As `Feed.loadOlder` says. */
  async loadOlder(requests: PageRequests): Promise<boolean> {
    this.#older ??= this.#loadPage(requests, staleTriesMax).finally(() => {
      this.#older = null
    })
    return await this.#older
  }

  async #loadPage(requests: PageRequests, tries: number): Promise<boolean> {
    const asked = this.#state
    if (asked === null || asked.older === null || requests.signal.aborted) return false
    const { page, readAt } = await readPage(requests, asked.older)
    const now = this.#state
    if (now === null) return false
    // Where the feed started over while the page was on its way, the page is no longer the next one.
    const next = now.older === asked.older && now.epoch === asked.epoch
    const extended = next ? addPage(now, page, readAt) : null
    if (extended === null) {
      if (tries <= 1) throw new FeedError(unreachable(by, 'the answers are older than what was seen before'))
      await new Promise((resolve) => setTimeout(resolve, next ? stalePauseMs * (0.5 + Math.random()) : 0))
      return await this.#loadPage(requests, tries - 1)
    }
    this.#hold(extended)
    return true
  }

  #hold(state: FoldState): void {
    this.#state = state
    this.#posts = readingOrder(state)
  }
}

async function readPage(requests: PageRequests, token: PageToken): Promise<{ page: Page; readAt: string | null }> {
  try {
    const { value: page, headers } = await withDeadline(requests.signal, requests.timeoutMs, (signal) =>
      requestJson<Page>(by, requests.addresses.posts(token), { signal, cache: 'no-cache' }),
    )
    // The page's ETag is the cursor at which it was read; something on the way may have made it a weak one.
    return { page, readAt: /^(?:W\/)?"(.*)"$/.exec(headers.get('etag') ?? '')?.[1] ?? null }
  } catch (error) {
    throw asFeedError(by, error)
  }
}
