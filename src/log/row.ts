import type { Channel } from '../wire/channel.ts'
import type { Post, PublishedPost, RetractedPost } from '../wire/post.ts'
import type { ChannelId, Offset, PostId } from '../wire/scalars.ts'

/** What the table keeps of a post: its fields without those that the commit gives (version, offsets, times). */
export type StoredPost =
  | (Omit<PublishedPost, 'id' | 'channel' | 'version' | 'offset' | 'publishedAt' | 'updatedAt' | 'url'> & {
      /** Kept where the row's last change was none of the text (a pin); else the row's own time is the update's. */
      updatedAt?: string
    })
  | Pick<RetractedPost, 'status' | 'retraction'>

export type StoredChannel = Omit<Channel, 'id' | 'url'>

/** What `lua/write.lua` puts before a row's JSON. Times are in milliseconds. */
export interface Envelope {
  readonly version: number
  readonly offset: Offset
  /** Offset of the row's first change; it orders posts. */
  readonly born: Offset
  readonly bornAt: number
  readonly at: number
}

export interface Row<T> extends Envelope {
  readonly stored: T
}

export function parseEnvelope(text: string): Envelope {
  const [version, offset, born, bornAt, at] = text.split(' ', 5).map(Number)
  if (version === undefined || offset === undefined || born === undefined || bornAt === undefined || at === undefined) {
    throw new Error('A row in the store has no envelope: it was not written by Wirecopy')
  }
  return { version, offset: offset as Offset, born: born as Offset, bornAt, at }
}

/** Reads `<version> <offset> <born> <bornAt> <at> <json>`. */
export function parseRow<T>(text: string): Row<T> {
  const json = text.indexOf('{')
  return { ...parseEnvelope(text.slice(0, json)), stored: JSON.parse(text.slice(json)) as T }
}

export const instant = (ms: number): string => new Date(ms).toISOString()

/** Puts a post together as the wire has it. A retracted one has none of its former fields, since the row has none. */
export function toPost(publicUrl: string, channel: ChannelId, id: PostId, row: Row<StoredPost>): Post {
  const { version, offset, stored } = row
  const publishedAt = instant(row.bornAt)
  if (stored.status === 'retracted') return { id, channel, version, offset, ...stored, publishedAt }
  const updatedAt = stored.updatedAt ?? instant(row.at)
  const url = `${publicUrl}/c/${channel}/p/${id}`
  return { id, channel, version, offset, ...stored, publishedAt, updatedAt, url }
}

export function toChannel(publicUrl: string, id: ChannelId, row: Row<StoredChannel>): Channel {
  return { id, ...row.stored, url: `${publicUrl}/c/${id}` }
}
