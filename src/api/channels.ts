import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { CodedError, invalid } from '../errors.ts'
import type { Log } from '../log/log.ts'
import { Snapshot } from '../wire/batch.ts'
import { Channel, ChannelEdit, NewChannel } from '../wire/channel.ts'
import { ChannelId } from '../wire/scalars.ts'
import { headerDocs, json } from './answers.ts'
import { type Authorize, principalOf, requireChannel } from './auth.ts'
import { sendFresh } from './conditional.ts'
import { IdempotencyKey, markReplayed, onceOf } from './once.ts'
import type { Typed } from './validate.ts'

export const ChannelPath = z.strictObject({ channel: ChannelId })

const ChannelList = z.object({ channels: z.array(Channel) }).meta({ id: 'ChannelList' })

const IfNoneMatch = z
  .string()
  .max(500)
  .describe('ETag of the answer that the client has; where it still holds, the answer is 304.')

export const reading = z.looseObject({ 'if-none-match': IfNoneMatch.optional() })
const writing = z.looseObject({ 'idempotency-key': IdempotencyKey.optional() })

const tags = ['Channels']

export function unknownChannel(id: string): CodedError {
  return new CodedError('unknown-channel', `There is no channel "${id}".`)
}

export interface RouteOptions {
  readonly log: Log
  readonly authorize: Authorize
}

export async function channelRoutes(app: FastifyInstance, { log, authorize }: RouteOptions): Promise<void> {
  const typed = app.withTypeProvider<Typed>()

  typed.route({
    method: 'GET',
    url: '/channels',
    schema: {
      tags,
      operationId: 'listChannels',
      summary: 'List the channels',
      description: 'All channels, newest first.',
      headers: reading,
      response: {
        200: json('The channels.', ChannelList, {
          ETag: headerDocs.cursorTag,
          'Wirecopy-Stale-Ms': headerDocs.staleMs,
        }),
      },
    },
    handler: async (request, reply) => {
      const { value: channels, ...age } = await log.channels()
      const bytes = Buffer.from(JSON.stringify({ channels }))
      const tag = createHash('sha256').update(bytes).digest('base64url')
      return sendFresh(request, reply, { json: bytes, tag, ...age })
    },
  })

  typed.route({
    method: 'POST',
    url: '/channels',
    onRequest: authorize('channels:write'),
    schema: {
      tags,
      operationId: 'createChannel',
      summary: 'Create a channel',
      security: [{ bearer: ['channels:write'] }],
      body: NewChannel,
      headers: writing,
      response: {
        201: json('The channel.', Channel, {
          Location: headerDocs.location,
          'Idempotency-Replayed': headerDocs.replayed,
        }),
      },
      problems: ['channel-exists', 'too-many-channels', 'key-reused'],
    },
    handler: async (request, reply) => {
      requireChannel(principalOf(request), request.body.id)
      const written = await log.createChannel(request.body, onceOf(request))
      reply.code(201).header('Location', `/v1/channels/${written.item.id}`)
      return sendChannel(reply, written)
    },
  })

  typed.route({
    method: 'GET',
    url: '/channels/:channel',
    schema: {
      tags,
      operationId: 'getChannel',
      summary: 'Read a channel: its newest posts, and the cursor from which to follow on',
      params: ChannelPath,
      headers: reading,
      response: {
        200: json('The channel as it stands.', Snapshot, {
          ETag: headerDocs.cursorTag,
          'Wirecopy-Stale-Ms': headerDocs.staleMs,
        }),
      },
      problems: ['unknown-channel'],
    },
    handler: async (request, reply) => {
      const snapshot = await log.snapshot(request.params.channel)
      if (snapshot === null) throw unknownChannel(request.params.channel)
      return sendFresh(request, reply, { ...snapshot, tag: snapshot.cursor })
    },
  })

  typed.route({
    method: 'PATCH',
    url: '/channels/:channel',
    onRequest: authorize('channels:write'),
    schema: {
      tags,
      operationId: 'editChannel',
      summary: 'Edit a channel',
      description:
        'The fields given are replaced, `null` clears one (RFC 7396). The body may be called `application/merge-patch+json`. Followers get a `channel.updated`. A channel has no versions: a request with If-Match is refused.',
      security: [{ bearer: ['channels:write'] }],
      params: ChannelPath,
      body: ChannelEdit,
      headers: writing,
      response: { 200: json('The channel.', Channel, { 'Idempotency-Replayed': headerDocs.replayed }) },
      problems: ['unknown-channel', 'key-reused', 'write-conflict'],
    },
    handler: async (request, reply) => {
      if (request.headers['if-match'] !== undefined) {
        // A condition that is not checked must not be taken for one that held.
        throw invalid([{ path: 'headers.if-match', message: 'is not taken here: a channel has no versions' }])
      }
      const written = await log.editChannel(request.params.channel, request.body, onceOf(request))
      return sendChannel(reply, written)
    },
  })
}

function sendChannel(reply: FastifyReply, written: { readonly item: Channel; readonly repeated: boolean }) {
  markReplayed(reply, written)
  return reply.header('Cache-Control', 'no-store').send(written.item)
}
