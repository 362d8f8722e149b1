import { CodedError, invalid } from '../errors.ts'
import type { ChannelEdit, NewChannel } from '../wire/channel.ts'
import { limits } from '../wire/limits.ts'
import type { PostContent, PostContentEdit } from './log.ts'
import type { StoredChannel, StoredPost } from './row.ts'
import { instant } from './row.ts'

/** A published post as the table keeps it. */
export type StoredPublished = Extract<StoredPost, { status: 'published' }>

/** How a write changes the sorted sets that posts are listed by; the words are those of `lua/write.lua`. */
export type IndexWords = Readonly<Record<string, 'add' | 'drop' | 'touch' | `max:${number}:touch`>>

export interface Folded<T> {
  readonly stored: T
  readonly indexes: IndexWords
}

/** A new post. Throws `invalid` where it would be empty. */
export function foldNew(content: PostContent): Folded<StoredPost> {
  const { headline, body, verification, sensitivity, eventTime } = content
  const stored: StoredPublished = {
    status: 'published',
    ...(headline === undefined ? {} : { headline }),
    body,
    authors: content.authors,
    sources: content.sources,
    media: content.media,
    tags: content.tags,
    keyEvent: content.keyEvent,
    pinned: false,
    breaking: content.breaking,
    ...(verification === undefined ? {} : { verification }),
    ...(sensitivity === undefined ? {} : { sensitivity }),
    ...(eventTime === undefined ? {} : { eventTime }),
    corrections: [],
  }
  requireContent(stored)
  return { stored, indexes: { order: 'add', ...listed(stored) } }
}

/** An edit of a post: the fields given replace, `null` clears, a correction is added. Throws `invalid` where nothing is left. */
export function foldEdit(before: StoredPublished, edit: PostContentEdit, nowMs: number): Folded<StoredPost> {
  const { correction, ...fields } = edit
  if (correction !== undefined && before.corrections.length >= limits.correctionsMax) {
    throw new CodedError(
      'too-many-corrections',
      `A post takes ${limits.correctionsMax} corrections; say it in a new post.`,
    )
  }
  const { updatedAt: _, ...kept } = before
  const stored: StoredPublished = {
    ...merged<StoredPublished>(kept, fields),
    corrections:
      correction === undefined ? before.corrections : [...before.corrections, { ...correction, at: instant(nowMs) }],
  }
  requireContent(stored)
  const gone = before.tags.filter((tag) => !stored.tags.includes(tag)).map((tag) => [`tag:${tag}`, 'drop'] as const)
  return { stored, indexes: { ...Object.fromEntries(gone), ...listed(stored) } }
}

/** A retraction: of what the post said, nothing is kept; the list of posts keeps its place. */
export function foldRetraction(before: StoredPublished, reason: string, nowMs: number): Folded<StoredPost> {
  const gone = before.tags.map((tag) => [`tag:${tag}`, 'drop'] as const)
  return {
    stored: { status: 'retracted', retraction: { reason, at: instant(nowMs) } },
    indexes: { pinned: 'drop', key: 'drop', ...Object.fromEntries(gone) },
  }
}

/** `atMs` is the time of the row's last change: a pin does not make the text any newer. */
export function foldPin(before: StoredPublished, pinned: boolean, atMs: number): Folded<StoredPost> {
  return {
    stored: { ...before, pinned, updatedAt: before.updatedAt ?? instant(atMs) },
    indexes: { pinned: pinned ? `max:${limits.pinnedMax}:touch` : 'drop' },
  }
}

export function foldNewChannel(input: NewChannel, nowMs: number): StoredChannel {
  const { id: _, ...fields } = input
  const { summary, coverageStart, coverageEnd, ...needed } = fields
  return withCoverage(merged<StoredChannel>(needed, { summary, coverageStart, coverageEnd }), nowMs)
}

export function foldChannelEdit(before: StoredChannel, edit: ChannelEdit, nowMs: number): StoredChannel {
  const after = merged(before, edit)
  // A coverage that is opened again has no end; one that is given with the edit stays.
  if (before.status === 'ended' && after.status === 'live' && edit.coverageEnd === undefined) delete after.coverageEnd
  return withCoverage(after, nowMs)
}

/** A live coverage has a start and an ended one an end, whether or not the newsroom named them. */
function withCoverage(channel: StoredChannel, nowMs: number): StoredChannel {
  const { coverageStart, coverageEnd } = channel
  if (coverageStart !== undefined && coverageEnd !== undefined && coverageEnd < coverageStart) {
    throw invalid([{ path: 'body.coverageEnd', message: 'must not be before coverageStart' }])
  }
  const started = channel.status === 'scheduled' || coverageStart !== undefined ? {} : { coverageStart: instant(nowMs) }
  const ended = channel.status !== 'ended' || coverageEnd !== undefined ? {} : { coverageEnd: instant(nowMs) }
  return { ...channel, ...started, ...ended }
}

function listed(stored: StoredPublished): IndexWords {
  const tags = stored.tags.map((tag) => [`tag:${tag}`, 'add'] as const)
  return { key: stored.keyEvent ? 'add' : 'drop', ...Object.fromEntries(tags) }
}

function requireContent(post: StoredPublished): void {
  if (post.headline !== undefined || post.body.html !== '') return
  throw invalid([{ path: 'body', message: 'must have a headline, or a body that is not empty' }])
}

/** RFC 7396 for one level: `undefined` leaves a field as it is, `null` takes it away. */
function merged<T extends object>(before: T, patch: { readonly [K in keyof T]?: T[K] | null | undefined }): T {
  const after = { ...before }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete after[name as keyof T]
    else if (value !== undefined) after[name as keyof T] = value as T[keyof T]
  }
  return after
}
