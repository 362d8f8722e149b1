import { Snapshot } from '../../src/wire/batch.ts'
import { Channel } from '../../src/wire/channel.ts'
import { PublishedPost, RetractedPost } from '../../src/wire/post.ts'

export function channelWith(fields: Partial<Record<keyof Channel, unknown>> = {}): Channel {
  return Channel.parse({
    id: 'harbour-fire',
    title: 'Fire at the old harbour',
    language: 'en',
    timeZone: 'Europe/London',
    status: 'live',
    url: 'https://news.example/c/harbour-fire',
    ...fields,
  })
}

/** A post at minute `minute` of the coverage, which also makes its id. */
export function postAt(minute: number, fields: Partial<Record<keyof PublishedPost, unknown>> = {}): PublishedPost {
  const id = `samplepost${String(minute).padStart(2, '0')}`
  const at = `2026-03-01T21:${String(minute).padStart(2, '0')}:00.000Z`
  return PublishedPost.parse({
    id,
    channel: 'harbour-fire',
    version: 1,
    offset: minute,
    status: 'published',
    headline: `Headline ${minute}`,
    body: { html: `<p>Body ${minute}</p>`, text: `Body ${minute}` },
    authors: [],
    sources: [],
    media: [],
    tags: [],
    keyEvent: false,
    pinned: false,
    breaking: false,
    publishedAt: at,
    updatedAt: at,
    corrections: [],
    url: `https://news.example/c/harbour-fire/p/${id}`,
    ...fields,
  })
}

export function retracted(post: PublishedPost, reason: string): RetractedPost {
  const { id, channel, version, offset, publishedAt } = post
  const retraction = { reason, at: '2026-03-01T22:00:00.000Z' }
  return RetractedPost.parse({
    id,
    channel,
    version: version + 1,
    offset: offset + 1,
    status: 'retracted',
    retraction,
    publishedAt,
  })
}

export function snapshotWith(fields: Partial<Record<keyof Snapshot, unknown>> = {}): Snapshot {
  return Snapshot.parse({ channel: channelWith(), cursor: 'epoch1:42', pinned: [], posts: [], ...fields })
}

const assets = {
  style: '/assets/s.css',
  icon: '/assets/i.svg',
  reader: '/assets/r.js',
  ops: '/assets/o.js',
  opsTicks: '/assets/t.js',
}
export const rendering = {
  assets,
  publicUrl: 'https://news.example',
  failed: (_post: unknown, error: unknown) => {
    throw error
  },
}
