import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { CodedError, invalid } from '../errors.ts'
import type { Log } from '../log/log.ts'
import { Batch } from '../wire/batch.ts'
import type { ChannelStatus } from '../wire/channel.ts'
import { parseCursor } from '../wire/cursor.ts'
import { limits } from '../wire/limits.ts'
import { Cursor } from '../wire/scalars.ts'
import { headerDocs, json } from './answers.ts'
import { ChannelPath, reading, unknownChannel } from './channels.ts'
import { sendFresh } from './conditional.ts'
import type { Typed } from './validate.ts'

/** How long a poller waits between questions: little while there is news, longer where there is none to expect. */
const pollMs: Readonly<Record<ChannelStatus, number>> = { live: 2_000, scheduled: 10_000, ended: 30_000 }

const ChangesQuery = z.object({
  after: Cursor.describe('The cursor up to which the client has seen every change.'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(limits.batchEntriesMax)
    .default(limits.batchEntriesMax)
    .describe('Changes that the batch may cover.'),
})

const whyGone = {
  epoch: 'The cursor is of another log: this channel was born again since.',
  'too-old': 'The log no longer reaches back to this cursor.',
  ahead: 'The cursor is past the end of the log.',
} as const

/** Polling: the Batch that sockets and streams carry, by HTTP. */
export async function changeRoutes(app: FastifyInstance, { log }: { readonly log: Log }): Promise<void> {
  app.withTypeProvider<Typed>().route({
    method: 'GET',
    url: '/channels/:channel/changes',
    schema: {
      tags: ['Following'],
      operationId: 'getChanges',
      summary: 'Read the changes past a cursor',
      description:
        'A batch covers every offset in `(from, to]`. Where `to` is below `Wirecopy-Head`, ask again at once; else after `Wirecopy-Poll-Ms` and a random part of it besides.',
      params: ChannelPath,
      querystring: ChangesQuery,
      headers: reading,
      response: {
        200: json('The changes.', Batch, {
          ETag: headerDocs.cursorTag,
          'Wirecopy-Head': headerDocs.head,
          'Wirecopy-Poll-Ms': headerDocs.pollMs,
        }),
      },
      problems: ['unknown-channel', 'cursor-gone'],
    },
    handler: async (request, reply) => {
      const { channel } = request.params
      const after = parseCursor(request.query.after)
      if (after === null) throw invalid([{ path: 'query.after', message: 'must be a cursor' }])
      // Both ask Redis for the channel's head, and so share one question.
      const [changes, snapshot] = await Promise.all([
        log.changes(channel, after, request.query.limit),
        log.snapshot(channel),
      ])
      if (changes === null || snapshot === null) throw unknownChannel(channel)
      if (changes.kind === 'reset') {
        throw new CodedError('cursor-gone', `${whyGone[changes.reason]} Start over from GET /v1/channels/${channel}.`, {
          extras: { reason: changes.reason },
        })
      }
      const { json: bytes, cursor: head } = changes.encoded
      reply.header('Wirecopy-Head', head).header('Wirecopy-Poll-Ms', pollMs[snapshot.value.channel.status])
      // From one cursor, the batch can only differ where the head does.
      return sendFresh(request, reply, { json: bytes, tag: head })
    },
  })
}
