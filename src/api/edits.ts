import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { PostContentEdit } from '../log/log.ts'
import { type BodyInput, emptyBody, PostEdit, Retract } from '../wire/post.ts'
import type { ChannelId, PostId } from '../wire/scalars.ts'
import { principalOf } from './auth.ts'
import { requireVersion, versionToMatch } from './conditional.ts'
import { IdempotencyKey, onceOf } from './once.ts'
import { PostPath, type PostRoutesOptions, sendWritten, tags, written } from './posts.ts'
import type { Typed } from './validate.ts'

const tag = '(W/)?"[!#-~\\x80-\\xff]*"'
/** What `parseTags` reads: `*`, or ETags with commas between them. */
const tagsPattern = `^\\s*(\\*|${tag}(\\s*,\\s*${tag})*)\\s*$`

const IfMatch = z
  .string()
  .max(500)
  .describe('ETag of the version that is changed, such as `"3"`; `*` takes any. Another version by now: 412.')
  .meta({ pattern: tagsPattern, examples: ['"1"'] })

const conditional = z.looseObject({ 'if-match': IfMatch.optional(), 'idempotency-key': IdempotencyKey.optional() })
const security = [{ bearer: ['posts:write'] }]

/** What changes a post: an edit, a retraction, a pin. */
export async function editRoutes(app: FastifyInstance, { log, authorize, bodies }: PostRoutesOptions): Promise<void> {
  const typed = app.withTypeProvider<Typed>()
  const onRequest = authorize('posts:write')

  /** An optional If-Match: none takes any version. */
  function versionOf(header: string | undefined, { channel, id }: { channel: ChannelId; id: PostId }) {
    return versionToMatch(header ?? '*', async () => (await log.post(channel, id))?.value.version)
  }

  typed.route({
    method: 'PATCH',
    url: '/channels/:channel/posts/:id',
    onRequest,
    preValidation: requireVersion,
    schema: {
      tags,
      operationId: 'editPost',
      summary: 'Edit a post',
      description:
        'The fields given are replaced, `null` clears one (RFC 7396); a `correction` is added to the post. The body may be called `application/merge-patch+json`. If-Match is needed, so that no edit overwrites one that it has not seen.',
      security,
      params: PostPath,
      body: PostEdit,
      headers: conditional.required({ 'if-match': true }),
      response: { 200: written },
      problems: [
        ...(['unknown-channel', 'unknown-post', 'too-many-corrections', 'retracted', 'stale-version'] as const),
        ...(['version-required', 'key-reused', 'write-conflict'] as const),
      ],
    },
    handler: async (request, reply) => {
      const { channel, id } = request.params
      const { body: input, ...fields } = request.body
      const render = (given: BodyInput) => bodies.render(given, principalOf(request).id)
      const body = input === null ? emptyBody : input && (await render(input))
      const edit: PostContentEdit = body === undefined ? fields : { ...fields, body }
      const version = await versionOf(request.headers['if-match'], request.params)
      return sendWritten(reply, await log.edit(channel, id, edit, version, onceOf(request)))
    },
  })

  typed.route({
    method: 'POST',
    url: '/channels/:channel/posts/:id/retract',
    onRequest,
    schema: {
      tags,
      operationId: 'retractPost',
      summary: 'Retract a post',
      description:
        'Takes the text from every reader and every later answer; the reason stays in its place. It can not be undone. Retracting again for the same reason changes nothing.',
      security,
      params: PostPath,
      body: Retract,
      headers: conditional,
      response: { 200: written },
      problems: [
        ...(['unknown-channel', 'unknown-post', 'already-retracted', 'stale-version', 'key-reused'] as const),
        'write-conflict',
      ],
    },
    handler: async (request, reply) => {
      const { channel, id } = request.params
      const version = await versionOf(request.headers['if-match'], request.params)
      return sendWritten(reply, await log.retract(channel, id, request.body.reason, version, onceOf(request)))
    },
  })

  for (const [method, pinned] of [
    ['PUT', true],
    ['DELETE', false],
  ] as const) {
    typed.route({
      method,
      url: '/channels/:channel/posts/:id/pin',
      onRequest,
      schema: {
        tags,
        operationId: pinned ? 'pinPost' : 'unpinPost',
        summary: pinned ? 'Pin a post' : 'Unpin a post',
        description: 'Where it already is as asked, nothing changes.',
        security,
        params: PostPath,
        headers: conditional,
        response: { 200: written },
        problems: [
          ...(['unknown-channel', 'unknown-post', 'retracted', 'stale-version', 'key-reused'] as const),
          ...(pinned ? (['too-many-pins', 'write-conflict'] as const) : (['write-conflict'] as const)),
        ],
      },
      handler: async (request, reply) => {
        const { channel, id } = request.params
        const version = await versionOf(request.headers['if-match'], request.params)
        return sendWritten(reply, await log.pin(channel, id, pinned, version, onceOf(request)))
      },
    })
  }
}
