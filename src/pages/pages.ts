import { createHash } from 'node:crypto'
import type {} from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CodedError } from '../errors.ts'
import { namesTag } from '../wire/entity-tag.ts'
import { ChannelId, PageToken, PostId } from '../wire/scalars.ts'
import { preferredLanguage } from './accept-language.ts'
import { type Assets, loadAssets } from './assets.ts'
import { contentSecurityPolicy } from './layout.ts'
import { errorMessage, notFoundMessage } from './message.ts'
import { renderOpsPage } from './ops/page.ts'
import {
  type Rendering,
  renderChannelsPage,
  renderMessagePage,
  renderOlderPage,
  renderPostPage,
  renderReaderPage,
} from './reader/page.ts'
import { languages } from './reader/words/languages.ts'
import type { PageSource, Shown } from './source.ts'

export interface PagesOptions {
  readonly source: PageSource
  /** What readers see as the address of this site. */
  readonly publicUrl: string
}

/** Pages are for people, so the OpenAPI document leaves them out. */
const hidden = { schema: { hide: true } } as const

/** The HTML pages and the files that they load. Bundles the browser code first; a failure stops the start. */
export async function pages(app: FastifyInstance, { source, publicUrl }: PagesOptions): Promise<void> {
  const assets = await loadAssets()
  const rendering: Rendering = {
    assets: assets.urls,
    publicUrl: publicUrl.replace(/(?<!\/)\/+$/, ''),
    failed: ({ channel, id }, error) =>
      app.log.error({ channel, post: id, err: error }, 'a post is shown as plain text'),
  }

  const notFound = (request: FastifyRequest) => renderMessagePage(rendering, notFoundMessage(languageOf(request)))

  app.setErrorHandler((error, request, reply) => {
    const known = error instanceof CodedError
    if (!known) request.log.error({ err: error }, 'a page could not be made')
    if (known && error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
    const page = renderMessagePage(rendering, errorMessage(error, languageOf(request)))
    return sendPage(reply, known ? error.status : 500, page)
  })

  app.get('/', hidden, async (request, reply) => {
    const channels = shown(reply, await source.channels())
    const page = renderChannelsPage(rendering, channels)
    return sendFresh(request, reply, tagOf(page), () => page)
  })

  app.get<ChannelRequest>('/c/:channel', hidden, async (request, reply) => {
    const id = ChannelId.safeParse(request.params.channel)
    const found = id.success ? await source.snapshot(id.data) : null
    if (found === null || !id.success) return sendPage(reply, 404, notFound(request))
    const snapshot = shown(reply, found)
    const tag = `${snapshot.cursor}.${assets.revision}`
    const { before } = request.query
    if (before === undefined) return sendFresh(request, reply, tag, () => renderReaderPage(rendering, snapshot))
    // A token that is given twice comes as a list, and is none.
    const token = PageToken.safeParse(before)
    const page = token.success ? await source.page(id.data, { before: token.data }) : null
    if (page === null || !token.success) return sendPage(reply, 404, notFound(request))
    return sendFresh(request, reply, tag, () => renderOlderPage(rendering, snapshot, shown(reply, page), token.data))
  })

  app.get<PostRequest>('/c/:channel/p/:post', hidden, async (request, reply) => {
    const id = ChannelId.safeParse(request.params.channel)
    const postId = PostId.safeParse(request.params.post)
    const found = id.success && postId.success ? await source.post(id.data, postId.data) : null
    if (found === null) return sendPage(reply, 404, notFound(request))
    const { channel, cursor, post } = shown(reply, found)
    const page = renderPostPage(rendering, channel, cursor, post)
    if (post.status === 'retracted') return sendPage(reply, 410, page)
    return sendFresh(request, reply, `${cursor}.${assets.revision}`, () => page)
  })

  app.get('/ops', hidden, async (_request, reply) => sendPage(reply, 200, renderOpsPage(assets.urls)))

  serveAssets(app, assets)
}

const [first, ...others] = languages.map(({ language }) => language)

/** A page that says what is wrong is no channel's, so it is in the reader's language. No cache keeps it. */
function languageOf(request: FastifyRequest): string {
  return preferredLanguage(request.headers['accept-language'], [first ?? 'en', ...others])
}

/** What is to be shown; where it is what was last known, the answer says how old it is, and no cache keeps it. */
function shown<T>(reply: FastifyReply, { value, staleMs }: Shown<T>): T {
  if (staleMs !== undefined) reply.header('wirecopy-stale-ms', staleMs)
  return value
}

interface ChannelRequest {
  Params: { channel: string }
  Querystring: { before?: string | string[] }
}

interface PostRequest {
  Params: { channel: string; post: string }
}

function serveAssets(app: FastifyInstance, assets: Assets): void {
  app.get<{ Params: { name: string } }>('/assets/:name', hidden, async (request, reply) => {
    const asset = assets.files.get(request.params.name)
    // While a new version is rolled out, a page of the one may ask the other for its files: no cache may keep that answer.
    if (asset === undefined) {
      throw new CodedError('not-found', 'There is no such file. Load the page again.')
    }
    reply.header('cache-control', 'public, max-age=31536000, immutable')
    reply.header('content-type', asset.type)
    return reply.send(Buffer.from(asset.content))
  })
}

/** A page that caches may keep for a second, and ask for again by its weak tag (RFC 9110, 13.1.2). */
function sendFresh(request: FastifyRequest, reply: FastifyReply, opaque: string, render: () => string): FastifyReply {
  reply.header('etag', `W/"${opaque}"`)
  const { 'if-none-match': known } = request.headers
  if (known !== undefined && namesTag(known, opaque)) {
    reply.header('cache-control', freshness)
    return reply.code(304).send()
  }
  return sendPage(reply, 200, render(), freshness)
}

const freshness = 'public, max-age=0, s-maxage=1, must-revalidate'

function sendPage(reply: FastifyReply, status: number, page: string, cacheControl = 'no-store'): FastifyReply {
  reply.code(status)
  reply.header('cache-control', reply.hasHeader('wirecopy-stale-ms') ? 'no-store' : cacheControl)
  reply.header('content-security-policy', contentSecurityPolicy)
  reply.type('text/html; charset=utf-8')
  // Bytes: a string that waits for its reader may be kept three times over.
  return reply.send(Buffer.from(page))
}

function tagOf(page: string): string {
  return createHash('sha256').update(page).digest('base64url').slice(0, 22)
}
