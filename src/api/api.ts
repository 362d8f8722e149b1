import cors from '@fastify/cors'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { z } from 'zod'
import type { Config } from '../config.ts'
import type { Log } from '../log/log.ts'
import type { Authorize } from './auth.ts'
import type { Bodies } from './bodies.ts'
import { changeRoutes } from './changes.ts'
import { channelRoutes } from './channels.ts'
import { editRoutes } from './edits.ts'
import { patchTypes, takeJsonOnly } from './json-only.ts'
import { postRoutes } from './posts.ts'

export interface ApiOptions {
  readonly log: Log
  readonly authorize: Authorize
  readonly bodies: Bodies
  readonly config: Pick<Config, 'CORS_ORIGINS'>
  /** Other routes under `/v1`, which come under the same CORS and problems. */
  readonly more?: (app: FastifyInstance) => Promise<void>
}

/** Browsers ask again whether they may call after this long. */
const preflightSeconds = 7_200

/** The REST API, to be registered under `/v1`. It needs `problems` and the zod compilers at the root. */
export async function api(app: FastifyInstance, { log, authorize, bodies, config, more }: ApiOptions): Promise<void> {
  app.addHook('onRoute', knowParametersOfWrites)
  app.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'OPTIONS') return
    const methods = app.methodsAt(request.url)
    if (methods.length > 0) reply.header('Allow', [...methods, 'OPTIONS'].join(', '))
    if (methods.includes('PATCH')) reply.header('Accept-Patch', patchTypes.join(', '))
  })
  await app.register(cors, {
    origin: config.CORS_ORIGINS,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match', 'Last-Event-ID'],
    exposedHeaders: [
      'ETag',
      'Idempotency-Replayed',
      'Location',
      'Retry-After',
      'Wirecopy-Head',
      'Wirecopy-Poll-Ms',
      'Wirecopy-Stale-Ms',
    ],
    maxAge: preflightSeconds,
    // A bare OPTIONS, which is no preflight, is answered too.
    strictPreflight: false,
  })
  takeJsonOnly(app)
  // Registered in this scope too, so that another site's page can read what a wrong address answers.
  app.setNotFoundHandler(app.answerUnknown)
  await channelRoutes(app, { log, authorize })
  await postRoutes(app, { log, authorize, bodies })
  await editRoutes(app, { log, authorize, bodies })
  await changeRoutes(app, { log })
  await more?.(app)
}

/**
 * A write with a parameter that is not known is refused: it may ask for what would not be done, such as a dry run. What a
 * read does not know, such as a tracker's `utm_source`, it ignores.
 */
function knowParametersOfWrites(route: RouteOptions): void {
  const isWrite = [route.method].flat().some((method) => ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method))
  if (isWrite) route.schema = { querystring: z.strictObject({}), ...route.schema }
}
