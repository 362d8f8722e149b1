import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ChannelId, Cursor } from '../wire/scalars.ts'
import type { Admission } from './admission.ts'
import type { Streams } from './stream.ts'

const Path = z.strictObject({ channel: ChannelId })
const LastEventId = z.union([Cursor, z.literal('')]).optional()
const Query = z.object({
  after: Cursor.optional().describe('The cursor up to which the client has seen every change.'),
  lastEventId: LastEventId.describe(
    'The same, as stand-ins for EventSource send it when they come back; wins over `after`.',
  ),
})
const Headers = z.object({
  'last-event-id': LastEventId.describe('The cursor of the last event; wins over both parameters.'),
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
        operationId: 'streamChanges',
        summary: 'Follow by server-sent events',
        description:
          'The first event is a `snapshot`, or a `batch` where the cursor can be served; then a `batch` for what comes. ' +
          'Each has the cursor as its `id`, so that an EventSource resumes where it stopped. A comment comes every 10 s.',
        params: Path,
        querystring: Query,
        headers: Headers,
        response: {
          200: {
            description: 'An event stream (HTML, 9.2).',
            content: { 'text/event-stream': { schema: z.string() } },
          },
        },
        problems: ['foreign-origin', 'unknown-channel', 'too-many-connections', 'not-ready'],
      },
    },
    async (request, reply) => {
      // Fastify has it answered as GET is. A stream would never end that answer, and the connection would wait for it.
      if (request.method === 'HEAD') {
        admission.requireOpen()
        admission.requireOrigin(request.raw)
        await streams.head(reply, (request as StreamRequest).params.channel)
        return
      }
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
  const { after, lastEventId } = request.query
  // What is empty says nothing: an EventSource that has had no event yet sends it so.
  const cursor = request.headers['last-event-id'] || lastEventId || after
  await streams.follow(reply, request.params.channel, cursor)
}
