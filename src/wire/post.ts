import { z } from 'zod'
import { limits } from './limits.ts'
import { ChannelId, Instant, InstantInput, line, Offset, PostId, prose, proseOrNone, WebUrl } from './scalars.ts'

const Author = z
  .strictObject({
    name: line(limits.nameCharsMax),
    role: line(limits.nameCharsMax).optional(),
    url: WebUrl.optional(),
  })
  .meta({ id: 'Author', examples: [{ name: 'R. Alder', role: 'Harbour correspondent' }] })

const Source = z
  .strictObject({ name: line(limits.nameCharsMax), url: WebUrl.optional() })
  .meta({ id: 'Source', examples: [{ name: 'Fire service', url: 'https://fire.example/statement' }] })

const Media = z
  .strictObject({
    type: z.literal('image'),
    url: WebUrl,
    /** What a reader who can't see the picture is told (WCAG 2.2, 1.1.1); empty where it only decorates. */
    alt: proseOrNone(limits.altCharsMax),
    caption: prose(limits.captionCharsMax).optional(),
    credit: line(limits.nameCharsMax).optional(),
    width: z.int().min(1).max(65_535).optional(),
    height: z.int().min(1).max(65_535).optional(),
    sensitive: z.boolean().optional(),
  })
  .meta({ id: 'Media' })

const Verification = z.enum(['unconfirmed', 'confirmed', 'disputed']).meta({ id: 'Verification' })

const CorrectionKind = z.enum(['correction', 'clarification', 'update', 'editors-note']).meta({ id: 'CorrectionKind' })

/** A note shown to readers with the post: what was wrong or has changed, and when it was said. */
export const Correction = z.object({ kind: CorrectionKind, text: z.string(), at: Instant }).meta({ id: 'Correction' })
export type Correction = z.infer<typeof Correction>

/** A body as served: sanitised HTML, and the same as plain text. Both empty where the post is a headline only. */
export const Body = z.object({ html: z.string(), text: z.string() }).meta({ id: 'Body' })
export type Body = z.infer<typeof Body>

export const emptyBody: Body = { html: '', text: '' }

/** A body as sent: one of Markdown (CommonMark with tables), HTML (sanitised on the way in) and plain text. */
export const BodyInput = z
  .union(
    [
      z.strictObject({ markdown: z.string().max(limits.bodyCharsMax) }).meta({ id: 'MarkdownBody' }),
      z.strictObject({ html: z.string().max(limits.bodyCharsMax) }).meta({ id: 'HtmlBody' }),
      z.strictObject({ text: z.string().max(limits.bodyCharsMax) }).meta({ id: 'TextBody' }),
    ],
    'must be an object with exactly one of: markdown, html, text; such as { "text": "Crews are on the quay." }',
  )
  .meta({ id: 'NewBody', examples: [{ markdown: 'Crews are **on the quay**.' }] })
export type BodyInput = z.infer<typeof BodyInput>

const position = {
  id: PostId,
  channel: ChannelId,
  /** 1, 2, 3 …: one more with each change of the post. The post's ETag is `"<version>"`. */
  version: z.int().min(1),
  /** Offset of the change that made this version. */
  offset: Offset,
} as const

export const PublishedPost = z
  .object({
    ...position,
    status: z.literal('published'),
    headline: z.string().optional(),
    body: Body,
    authors: z.array(Author),
    sources: z.array(Source),
    media: z.array(Media),
    tags: z.array(z.string()),
    keyEvent: z.boolean(),
    pinned: z.boolean(),
    breaking: z.boolean(),
    verification: Verification.optional(),
    sensitivity: z.string().optional(),
    eventTime: Instant.optional(),
    /** Strictly later than that of every post published before it in the channel: it orders them. */
    publishedAt: Instant,
    updatedAt: Instant,
    corrections: z.array(Correction),
    url: WebUrl,
  })
  .meta({ id: 'PublishedPost' })
export type PublishedPost = z.infer<typeof PublishedPost>

export const Retraction = z.object({ reason: z.string(), at: Instant }).meta({ id: 'Retraction' })

/** What is left of a post once it is retracted: its place, and why. */
export const RetractedPost = z
  .object({
    ...position,
    status: z.literal('retracted'),
    retraction: Retraction,
    publishedAt: Instant,
  })
  .meta({ id: 'RetractedPost' })
export type RetractedPost = z.infer<typeof RetractedPost>

export const Post = z.discriminatedUnion('status', [PublishedPost, RetractedPost]).meta({ id: 'Post' })
export type Post = z.infer<typeof Post>

export const Tag = line(limits.tagCharsMax).meta({ examples: ['rescue'] })

/** The fields that a newsroom writes, without defaults: the ones of a new post and of an edit. */
const written = {
  headline: line(limits.headlineCharsMax),
  body: BodyInput,
  authors: z.array(Author).max(limits.authorsMax),
  sources: z.array(Source).max(limits.sourcesMax),
  media: z.array(Media).max(limits.mediaMax),
  tags: z
    .array(Tag)
    .max(limits.tagsMax)
    .refine((tags) => new Set(tags).size === tags.length, 'must not name a tag twice')
    .meta({ uniqueItems: true }),
  keyEvent: z.boolean(),
  breaking: z.boolean(),
  verification: Verification,
  sensitivity: prose(limits.noteCharsMax),
  eventTime: InstantInput,
} as const

export const NewPost = z
  .strictObject({
    headline: written.headline.optional(),
    body: written.body.optional(),
    authors: written.authors.default([]),
    sources: written.sources.default([]),
    media: written.media.default([]),
    tags: written.tags.default([]),
    keyEvent: written.keyEvent.default(false),
    breaking: written.breaking.default(false),
    verification: written.verification.optional(),
    sensitivity: written.sensitivity.optional(),
    eventTime: written.eventTime.optional(),
  })
  .meta({
    id: 'NewPost',
    // At least a headline or a body. Generators of clients pass over a condition; of `anyOf` they would make two classes.
    if: { required: ['headline'] },
    else: { required: ['body'] },
    examples: [{ headline: 'First boats reach the quay', body: { markdown: 'Crews are **on the quay**.' } }],
  })
export type NewPost = z.infer<typeof NewPost>

const NewCorrection = z
  .strictObject({ kind: CorrectionKind.default('correction'), text: prose(limits.noteCharsMax) })
  .meta({ id: 'NewCorrection', examples: [{ text: 'An earlier version said two boats.' }] })

/** What edits a post: the fields given are replaced, `null` clears one (RFC 7396); a correction is added to the list. */
export const PostEdit = z
  .strictObject({
    headline: written.headline.nullable().optional(),
    body: written.body.nullable().optional(),
    authors: written.authors.optional(),
    sources: written.sources.optional(),
    media: written.media.optional(),
    tags: written.tags.optional(),
    keyEvent: written.keyEvent.optional(),
    breaking: written.breaking.optional(),
    verification: written.verification.nullable().optional(),
    sensitivity: written.sensitivity.nullable().optional(),
    eventTime: written.eventTime.nullable().optional(),
    correction: NewCorrection.optional(),
  })
  .refine((edit) => Object.keys(edit).length > 0, 'must name at least one field to change')
  .meta({
    id: 'PostEdit',
    minProperties: 1,
    examples: [{ headline: 'Three boats reach the quay', correction: { text: 'An earlier version said two boats.' } }],
  })
export type PostEdit = z.infer<typeof PostEdit>

export const Retract = z
  .strictObject({ reason: prose(limits.noteCharsMax) })
  .meta({ id: 'Retract', examples: [{ reason: 'The report could not be confirmed.' }] })
export type Retract = z.infer<typeof Retract>
