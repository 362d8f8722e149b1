import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import type { Written } from '../log/log.ts'
import { Page } from '../wire/batch.ts'
import { limits } from '../wire/limits.ts'
import { emptyBody, NewPost, type Post, PublishedPost, Tag } from '../wire/post.ts'
import { PageToken, PostId } from '../wire/scalars.ts'
import { headerDocs, json, WrittenPost } from './answers.ts'
import { principalOf } from './auth.ts'
import type { Bodies } from './bodies.ts'
import { ChannelPath, type RouteOptions, reading, unknownChannel } from './channels.ts'
import { sendFresh } from './conditional.ts'
import { IdempotencyKey, markReplayed, onceOf } from './once.ts'
import type { Typed } from './validate.ts'

export const PostPath = ChannelPath.extend({ id: PostId })

const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(limits.pagePostsMax).default(limits.pagePostsDefault),
  before: PageToken.optional().describe('`older` of the page before: the posts older than its last.'),
  keyEvents: z
    .stringbool({ truthy: ['true'], falsy: ['false'] })
    .meta({ type: 'boolean' })
    .optional()
    .describe('`true`: key events only.'),
  tag: Tag.optional().describe('Only posts with this tag.'),
})

export const tags = ['Posts']
export const written = json('The post and the cursor after the write.', WrittenPost, {
  ETag: headerDocs.versionTag,
  'Idempotency-Replayed': headerDocs.replayed,
})

export interface PostRoutesOptions extends RouteOptions {
  readonly bodies: Bodies
}

/** Reading posts, and publishing one. What changes a post is in `edits.ts`. */
export async function postRoutes(app: FastifyInstance, { log, authorize, bodies }: PostRoutesOptions): Promise<void> {
  const typed = app.withTypeProvider<Typed>()

  typed.route({
    method: 'GET',
    url: '/channels/:channel/posts',
    schema: {
      tags,
      operationId: 'listPosts',
      summary: 'List posts, newest first',
      description: 'Pages of posts as they stand now. A retracted post keeps its place as a stub.',
      params: ChannelPath,
      querystring: PageQuery,
      headers: reading,
      response: { 200: json('A page.', Page, { ETag: headerDocs.cursorTag, 'Wirecopy-Stale-Ms': headerDocs.staleMs }) },
      problems: ['unknown-channel'],
    },
    handler: async (request, reply) => {
      const { limit, before, keyEvents, tag } = request.query
      const page = await log.page(request.params.channel, {
        limit,
        ...(before === undefined ? {} : { before }),
        ...(keyEvents === undefined ? {} : { keyEvents }),
        ...(tag === undefined ? {} : { tag }),
      })
      if (page === null) throw unknownChannel(request.params.channel)
      return sendFresh(request, reply, { ...page, tag: page.cursor })
    },
  })

  typed.route({
    method: 'POST',
    url: '/channels/:channel/posts',
    onRequest: authorize('posts:write'),
    schema: {
      tags,
      operationId: 'publishPost',
      summary: 'Publish a post',
      description:
        'At least a headline or a body. HTML is sanitised: scripts, styles, forms and pictures go (pictures have the field `media`), links keep absolute http, https and mailto addresses. Once the answer is here the post is durable.',
      security: [{ bearer: ['posts:write'] }],
      params: ChannelPath,
      body: NewPost,
      headers: z.looseObject({ 'idempotency-key': IdempotencyKey.optional() }),
      response: { 201: { ...written, headers: { ...written.headers, Location: headerDocs.location } } },
      problems: ['unknown-channel', 'channel-full', 'key-reused'],
    },
    handler: async (request, reply) => {
      const { body: input, ...fields } = request.body
      const body = input === undefined ? emptyBody : await bodies.render(input, principalOf(request).id)
      const content = { ...fields, body }
      const done = await log.publish(request.params.channel, content, onceOf(request))
      reply.code(201).header('Location', `/v1/channels/${request.params.channel}/posts/${done.item.id}`)
      return sendWritten(reply, done)
    },
  })

  typed.route({
    method: 'GET',
    url: '/channels/:channel/posts/:id',
    schema: {
      tags,
      operationId: 'getPost',
      summary: 'Read a post',
      params: PostPath,
      headers: reading,
      response: {
        200: json('The post.', PublishedPost, { ETag: headerDocs.versionTag, 'Wirecopy-Stale-Ms': headerDocs.staleMs }),
      },
      problems: ['unknown-channel', 'unknown-post', 'retracted'],
    },
    handler: async (request, reply) => {
      const { channel, id } = request.params
      const post = await log.post(channel, id)
      if (post === null) {
        if ((await log.head(channel)) === null) throw unknownChannel(channel)
        throw new CodedError('unknown-post', `There is no post "${id}" in this channel.`)
      }
      const { value } = post
      if (value.status === 'retracted') {
        throw new CodedError('retracted', `The post was retracted: ${value.retraction.reason}`, {
          extras: { retraction: value.retraction, post: value },
        })
      }
      return sendFresh(request, reply, { ...post, tag: String(value.version) })
    },
  })
}

export function sendWritten(reply: FastifyReply, done: Written<Post>): FastifyReply {
  markReplayed(reply, done)
  return reply
    .header('ETag', `"${done.version}"`)
    .header('Cache-Control', 'no-store')
    .send({ post: done.item, cursor: done.cursor })
}
