import type { Channel } from '../../src/wire/channel.ts'
import { limits } from '../../src/wire/limits.ts'
import type { Post, PublishedPost } from '../../src/wire/post.ts'

export type PostFields = {
  readonly headline: string
  readonly tags?: readonly string[]
  readonly keyEvent?: boolean
  readonly breaking?: boolean
}

export type Edit = Partial<PostFields> & { readonly correction?: { readonly text: string } }

export interface Filter {
  readonly tag?: string
  readonly keyEvents?: boolean
}

/** What a write should be answered: the post as it is then, or the code of a refusal. */
export type Expected = { readonly post: Post; readonly changed: boolean } | { readonly refused: string }

/**
 * A channel as plainly as it can be said: a list of posts, in order of publication, and the ids of the pinned ones. Each
 * method does what the contract says of one write. What the server alone can know (ids, times) is taken from its answers.
 */
export class ChannelModel {
  offset = 0
  channel: Channel
  /** Oldest first. */
  readonly posts: Post[] = []
  /** In order of pinning. */
  #pinned: string[] = []

  constructor(channel: Channel) {
    this.channel = channel
  }

  publish(fields: PostFields, { id, url, at }: { id: PublishedPost['id']; url: string; at: string }): Expected {
    this.offset++
    const { headline, tags = [], keyEvent = false, breaking = false } = fields
    const position = { id, channel: this.channel.id, version: 1, offset: this.offset as Post['offset'] }
    const said = { headline, tags: [...tags], keyEvent, breaking, pinned: false }
    const unsaid = { body: { html: '', text: '' }, authors: [], sources: [], media: [], corrections: [] }
    const published: PublishedPost = {
      ...position,
      ...said,
      ...unsaid,
      status: 'published',
      publishedAt: at,
      updatedAt: at,
      url,
    }
    this.posts.push(published)
    return { post: published, changed: true }
  }

  edit(index: number, edit: Edit, at: string): Expected {
    return this.#change(index, (post) => {
      const { correction, tags, ...fields } = edit
      const said = correction === undefined ? [] : [{ kind: 'correction' as const, text: correction.text, at }]
      const corrections = [...post.corrections, ...said]
      return { ...post, ...fields, tags: tags === undefined ? post.tags : [...tags], corrections, updatedAt: at }
    })
  }

  pin(index: number, pinned: boolean): Expected {
    return this.#change(index, (post) => {
      if (post.pinned === pinned) return null
      if (pinned && this.#pinned.length >= limits.pinnedMax) return 'too-many-pins'
      this.#pinned = this.#pinned.filter((id) => id !== post.id)
      if (pinned) this.#pinned.push(post.id)
      return { ...post, pinned }
    })
  }

  retract(index: number, reason: string, at: string): Expected {
    const before = this.posts[index]
    if (before?.status === 'retracted') {
      const same = before.retraction.reason === reason
      return same ? { post: before, changed: false } : { refused: 'already-retracted' }
    }
    return this.#change(index, ({ id, channel, version, offset, publishedAt }) => {
      this.#pinned = this.#pinned.filter((pinned) => pinned !== id)
      return { id, channel, version, offset, publishedAt, status: 'retracted', retraction: { reason, at } }
    })
  }

  editChannel(title: string): void {
    this.offset++
    this.channel = { ...this.channel, title }
  }

  /** Newest first. */
  list({ tag, keyEvents = false }: Filter = {}): Post[] {
    const fits = (post: Post) => {
      if (tag === undefined && !keyEvents) return true
      if (post.status === 'retracted') return false
      return (tag === undefined || post.tags.includes(tag)) && (!keyEvents || post.keyEvent)
    }
    return this.posts.filter(fits).reverse()
  }

  /** The last pinned first. */
  pinned(): Post[] {
    return this.#pinned.flatMap((id) => this.posts.filter((post) => post.id === id)).reverse()
  }

  /** `change` gives the post as it becomes, null where nothing changes, or the code of a refusal. */
  #change(index: number, change: (post: PublishedPost) => Post | string | null): Expected {
    const before = this.posts[index]
    if (before === undefined) throw new Error(`there is no post ${index}`)
    if (before.status === 'retracted') return { refused: 'retracted' }
    const after = change(before)
    if (after === null) return { post: before, changed: false }
    if (typeof after === 'string') return { refused: after }
    this.offset++
    const post = { ...after, version: before.version + 1, offset: this.offset as Post['offset'] }
    this.posts[index] = post
    return { post, changed: true }
  }
}
