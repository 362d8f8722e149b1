import type { Batch, Change, Page, Snapshot } from '../../src/wire/batch.ts'
import type { Channel } from '../../src/wire/channel.ts'
import { formatCursor } from '../../src/wire/cursor.ts'
import type { Post } from '../../src/wire/post.ts'
import type { ChannelId, Epoch, Offset, PageToken, PostId } from '../../src/wire/scalars.ts'

/** One thing a newsroom does. `pick` chooses among the posts that there are. */
export type Act =
  | { readonly kind: 'publish' }
  | { readonly kind: 'edit' | 'retract' | 'pin' | 'unpin'; readonly pick: number }
  | { readonly kind: 'channel' }

interface Entry {
  readonly row: string
  readonly type: Change['type']
}

const epoch = 'e1' as Epoch
const channelId = 'harbour' as ChannelId

/**
 * A plain model of a channel's log and table that remembers every state it was in: it can answer as it would have
 * answered at any head, which is what a slow node, a cache or a late delivery does.
 */
export class History {
  readonly #entries: Entry[] = []
  readonly #versions = new Map<string, { offset: number; post: Post }[]>()
  readonly #channels: { offset: number; channel: Channel }[] = [{ offset: 0, channel: channelAt(0) }]
  readonly #order: { id: string; born: number }[] = []

  get head(): number {
    return this.#entries.length
  }

  do(act: Act): void {
    const offset = this.head + 1
    if (act.kind === 'channel') {
      this.#channels.push({ offset, channel: channelAt(offset) })
      this.#entries.push({ row: '', type: 'channel.updated' })
      return
    }
    const chosen = act.kind === 'publish' ? undefined : this.#order[act.pick % Math.max(1, this.#order.length)]
    const id = chosen?.id ?? `post${String(this.#order.length).padStart(6, '0')}`
    const versions = this.#versions.get(id) ?? []
    const before = versions.at(-1)?.post
    if (before?.status === 'retracted') return
    const kind = before === undefined ? 'publish' : act.kind
    if (before === undefined) this.#order.push({ id, born: offset })
    this.#versions.set(id, [...versions, { offset, post: postAt(id, offset, kind, before) }])
    this.#entries.push({ row: id, type: typeOf(kind) })
  }

  /** What the server's read gives: conflated, with each post as it stood at `head`. */
  batch(from: number, to: number, head: number = this.head): Batch {
    const changes: Change[] = []
    const last = new Map(this.#entries.slice(0, to).map(({ row }, i) => [row, i + 1]))
    for (let offset = from + 1; offset <= to; offset++) {
      const entry = this.#entries[offset - 1]
      if (entry === undefined || last.get(entry.row) !== offset) continue
      const at = time(offset)
      if (entry.type === 'channel.updated') {
        changes.push({ offset: offset as Offset, at, type: entry.type, channel: this.#channel(head) })
      } else changes.push({ offset: offset as Offset, at, type: entry.type, post: this.#post(entry.row, head) })
    }
    return { channel: channelId, epoch, from: from as Offset, to: to as Offset, changes }
  }

  snapshot(postsMax: number, head: number = this.head): Snapshot {
    const pinned = this.#posts(head).filter((post) => post.status === 'published')
    return {
      channel: this.#channel(head),
      cursor: formatCursor(epoch, head as Offset),
      pinned: pinned.filter((post) => post.pinned),
      ...this.page(undefined, postsMax, head),
    }
  }

  page(before: string | undefined, postsMax: number, head: number = this.head): Page {
    const below = this.#order.filter(({ born }) => born <= head && (before === undefined || born < Number(before)))
    const shown = below.reverse().slice(0, postsMax)
    const posts = shown.map(({ id }) => this.#post(id, head))
    return { posts, ...(below.length > shown.length ? { older: String(shown.at(-1)?.born) as PageToken } : {}) }
  }

  cursor(head: number): string {
    return formatCursor(epoch, head as Offset)
  }

  /** All posts at the head, newest first. */
  #posts(head: number): Post[] {
    return this.page(undefined, Number.POSITIVE_INFINITY, head).posts
  }

  #post(id: string, head: number): Post {
    const found = this.#versions.get(id)?.findLast(({ offset }) => offset <= head)
    if (found === undefined) throw new Error(`no ${id} at ${head}`)
    return found.post
  }

  #channel(head: number): Channel {
    return this.#channels.findLast(({ offset }) => offset <= head)?.channel ?? channelAt(0)
  }
}

function typeOf(kind: Act['kind']): Exclude<Change['type'], 'channel.updated'> {
  if (kind === 'publish') return 'post.published'
  if (kind === 'retract') return 'post.retracted'
  if (kind === 'pin') return 'post.pinned'
  return kind === 'unpin' ? 'post.unpinned' : 'post.updated'
}

function postAt(id: string, offset: number, kind: Act['kind'], before: Post | undefined): Post {
  const position = {
    id: id as PostId,
    channel: channelId,
    version: (before?.version ?? 0) + 1,
    offset: offset as Offset,
    publishedAt: before?.publishedAt ?? time(offset),
  }
  if (kind === 'retract') {
    return { ...position, status: 'retracted', retraction: { reason: 'Not confirmed.', at: time(offset) } }
  }
  const wasPinned = before?.status === 'published' && before.pinned
  return {
    ...position,
    status: 'published',
    headline: `as of ${offset}`,
    body: { html: '', text: '' },
    authors: [],
    sources: [],
    media: [],
    tags: [],
    keyEvent: false,
    pinned: kind === 'pin' || (wasPinned && kind !== 'unpin'),
    breaking: false,
    updatedAt: time(offset),
    corrections: [],
    url: `https://news.example/c/harbour/p/${id}`,
  }
}

function channelAt(offset: number): Channel {
  const url = 'https://news.example/c/harbour'
  return { id: channelId, title: `as of ${offset}`, language: 'en', timeZone: 'UTC', status: 'live', url }
}

function time(offset: number): string {
  return new Date(1_700_000_000_000 + offset * 1_000).toISOString()
}
