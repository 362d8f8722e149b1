import type { Page, Snapshot } from '../wire/batch.ts'
import type { Channel, ChannelEdit, NewChannel } from '../wire/channel.ts'
import type { Body, NewPost, Post, PostEdit } from '../wire/post.ts'
import type { ChannelId, Cursor, Epoch, PostId } from '../wire/scalars.ts'
import type { CatchUp } from './read.ts'

/**
 * What makes a repeated write one write. `key` names the attempt (the client's `Idempotency-Key` under its principal, or
 * a random word where there is none), `fingerprint` is a hash of what was asked, so that a key used for something else
 * is noticed.
 */
export interface Once {
  readonly key: string
  readonly fingerprint: string
}

/** What a write did. `repeated` is true where the same write had been done before and this is its first answer. */
export interface Written<T> {
  readonly item: T
  readonly version: number
  readonly cursor: Cursor
  readonly repeated: boolean
}

/** A new post or an edit whose body has been rendered and sanitised. */
export type PostContent = Omit<NewPost, 'body'> & { readonly body: Body }
export type PostContentEdit = Omit<PostEdit, 'body'> & { readonly body?: Body }

export interface PageQuery {
  readonly limit: number
  readonly before?: string
  readonly keyEvents?: boolean
  readonly tag?: string
}

/** Bytes that are sent as they are, to all who ask at the same offset. */
export interface Encoded<T> {
  readonly value: T
  readonly json: Buffer
  readonly cursor: Cursor
}

/**
 * A channel's log and table. Writes throw CodedError (`unknown-channel`, `unknown-post`, `stale-version`, `retracted`,
 * `key-reused`, `unavailable` …); reads give null where there is no such channel or post.
 */
export interface Log {
  createChannel(input: NewChannel, once: Once): Promise<Written<Channel>>
  editChannel(id: ChannelId, edit: ChannelEdit, once: Once): Promise<Written<Channel>>
  publish(channel: ChannelId, content: PostContent, once: Once): Promise<Written<Post>>
  /** `ifVersion` is the version that the editor saw; `'*'` takes any. */
  edit(
    channel: ChannelId,
    id: PostId,
    edit: PostContentEdit,
    ifVersion: number | '*',
    once: Once,
  ): Promise<Written<Post>>
  retract(channel: ChannelId, id: PostId, reason: string, ifVersion: number | '*', once: Once): Promise<Written<Post>>
  pin(channel: ChannelId, id: PostId, pinned: boolean, ifVersion: number | '*', once: Once): Promise<Written<Post>>

  channels(): Promise<readonly Channel[]>
  snapshot(channel: ChannelId): Promise<Encoded<Snapshot> | null>
  page(channel: ChannelId, query: PageQuery): Promise<Encoded<Page> | null>
  post(channel: ChannelId, id: PostId): Promise<Encoded<Post> | null>
  /** Changes past a cursor. Null where there is no such channel. */
  changes(channel: ChannelId, after: { epoch: Epoch; offset: number }, limit?: number): Promise<CatchUp | null>
}
