import { closeBidi } from '../wire/bidi.ts'
import type { Channel } from '../wire/channel.ts'
import type { Post, PublishedPost, RetractedPost } from '../wire/post.ts'
import type { ChannelId, Offset, PostId } from '../wire/scalars.ts'
import { cleanText } from '../wire/text.ts'

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

/**
 * What may stand for a character that no text may hold, or for one that must be closed, in JSON as it is kept. Few rows have
 * one, and those have their texts looked at one by one. It goes by code units, which takes half the time of code points:
 * the last two are the noncharacters of the planes beyond the first.
 */
const suspect =
  /\\[ubf]|[\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]|[\ud83f\ud87f\ud8bf\ud8ff\ud93f\ud97f\ud9bf\ud9ff\uda3f\uda7f\udabf\udaff\udb3f\udb7f\udbbf\udbff][\udffe\udfff]/

/** Reads `<version> <offset> <born> <bornAt> <at> <json>`. A row that was kept before texts were cleaned is cleaned here. */
export function parseRow<T>(text: string): Row<T> {
  const at = text.indexOf('{')
  const json = text.slice(at)
  const stored = suspect.test(json) ? JSON.parse(json, cleaned) : JSON.parse(json)
  return { ...parseEnvelope(text.slice(0, at)), stored: stored as T }
}

function cleaned(name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  // Markup closes what is open by its blocks.
  return name === 'html' ? cleanText(value) : closeBidi(cleanText(value))
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
