import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify'
import { CodedError } from '../errors.ts'
import { OpsChannels, OpsNodes } from '../wire/ops.ts'
import type { MetricsText } from './node-metrics.ts'
import type { Readiness } from './readiness.ts'
import type { Registry } from './registry.ts'

export interface OpsRoutesOptions {
  readonly registry: Registry
  /** Lets in whoever has a key with the scope `ops:read`. */
  readonly authorize: onRequestAsyncHookHandler
}

/** `/v1/ops`: the connections of all processes. */
export async function opsRoutes(app: FastifyInstance, { registry, authorize }: OpsRoutesOptions): Promise<void> {
  app.get(
    '/ops/nodes',
    {
      onRequest: authorize,
      schema: {
        tags: ['Operations'],
        operationId: 'listNodes',
        summary: 'Connections by node and worker',
        description:
          'Each process reports every 2 s. One that has not reported for 6 s and did not say that it stops is listed as ' +
          'lost, for 15 minutes, with the followers that it had. 503 within 3 s while Redis does not answer.',
        security: [{ bearer: ['ops:read'] }],
        response: { 200: OpsNodes.describe('The processes and their sum.') },
      },
    },
    async (_request, reply) => reply.header('Cache-Control', 'no-store').send(await registry.nodes()),
  )
  app.get(
    '/ops/channels',
    {
      onRequest: authorize,
      schema: {
        tags: ['Operations'],
        operationId: 'listFollowedChannels',
        summary: 'Followers by channel',
        description:
          'Sums over all processes that are not lost, and the age of the oldest report in them. 503 within 3 s while Redis ' +
          'does not answer.',
        security: [{ bearer: ['ops:read'] }],
        response: { 200: OpsChannels.describe('The channels, those with the most followers first.') },
      },
    },
    async (_request, reply) => reply.header('Cache-Control', 'no-store').send(await registry.channels()),
  )
}

export interface HealthRoutesOptions {
  readonly readiness: Readiness
  /** How many other processes of the node are not ready: their followers are this node's, too. */
  readonly othersUnready: () => number
}

export interface MetricsRouteOptions {
  readonly metrics: MetricsText
  /** Where set, whoever asks for the metrics must pass it. */
  readonly authorizeMetrics: onRequestAsyncHookHandler | null
}

const hidden = { hide: true } as const

/** `/health/live` and `/health/ready`: for proxies and orchestrators. */
export async function healthRoutes(app: FastifyInstance, options: HealthRoutesOptions): Promise<void> {
  const { readiness, othersUnready } = options
  app.addHook('onSend', async (_request, reply) => {
    reply.header('Cache-Control', 'no-store')
  })
  app.get('/health/live', { schema: hidden }, async () => ({ status: 'live' }))
  app.get('/health/ready', { schema: hidden }, async () => {
    const reason = readiness.reason ?? (othersUnready() > 0 ? 'probe-late' : null)
    if (reason === null) return { status: 'ready' }
    throw new CodedError('not-ready', whyNotReady[reason], {
      extras: { reason },
      retryAfterSeconds: 1,
    })
  })
}

/** `/metrics`, for Prometheus. */
export async function metricsRoute(app: FastifyInstance, options: MetricsRouteOptions): Promise<void> {
  const { metrics, authorizeMetrics } = options
  app.get(
    '/metrics',
    { schema: hidden, ...(authorizeMetrics === null ? {} : { onRequest: authorizeMetrics }) },
    async (_request, reply) => {
      reply.header('Cache-Control', 'no-store').type(metrics.contentType)
      return reply.send(await metrics.metrics())
    },
  )
}

const whyNotReady = {
  starting: 'The first probe has not come back yet.',
  'probe-late': 'A probe written to Redis does not come back by the tail; posts may not reach followers.',
  stopping: 'The process is stopping; go to another node.',
} as const
