import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ChannelId, Cursor } from '../wire/scalars.ts'
import type { Admission } from './admission.ts'
import type { Streams } from './stream.ts'

const Path = z.strictObject({ channel: ChannelId })
const Query = z.strictObject({
  after: Cursor.optional().describe('The cursor up to which the client has seen every change.'),
})
const Headers = z.object({
  'last-event-id': z
    .union([Cursor, z.literal('')])
    .optional()
    .describe('The cursor of the last event; wins over `after`.'),
})

type StreamRequest = FastifyRequest<{
  Params: z.infer<typeof Path>
  Querystring: z.infer<typeof Query>
  Headers: z.infer<typeof Headers>
}>

export interface StreamRoutesOptions {
  readonly streams: Streams
  readonly admission: Admission
}

/** Following by server-sent events, under `/v1`. */
export async function streamRoutes(app: FastifyInstance, { streams, admission }: StreamRoutesOptions): Promise<void> {
  app.get(
    '/channels/:channel/stream',
    {
      schema: {
        tags: ['Following'],
        summary: 'Follow by server-sent events',
        description:
          'The first event is a `snapshot`, or a `batch` where the cursor can be served; then a `batch` for what comes. ' +
          'Each has the cursor as its `id`, so that an EventSource comes back to where it was. A comment comes every 15 s.',
        params: Path,
        querystring: Query,
        headers: Headers,
        response: {
          200: {
            description: 'An event stream (HTML, 9.2).',
            content: { 'text/event-stream': { schema: z.string() } },
          },
        },
        problems: ['unknown-channel', 'too-many-connections', 'overloaded', 'not-ready'],
      },
    },
    async (request, reply) => {
      admission.requireRoom(request.raw)
      const address = admission.addressOf(request.raw)
      admission.enter(address)
      try {
        await follow(streams, request as StreamRequest, reply)
      } finally {
        admission.leave(address)
      }
    },
  )
}

async function follow(streams: Streams, request: StreamRequest, reply: FastifyReply): Promise<void> {
  const last = request.headers['last-event-id']
  const after = last === undefined || last === '' ? request.query.after : last
  await streams.follow(reply, request.params.channel, after)
}
