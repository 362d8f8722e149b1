import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { RateWindows } from '../connections/rate-windows.ts'
import { CodedError } from '../errors.ts'
import { findPrincipalOf } from './auth.ts'

interface Budget {
  readonly name: string
  /** Requests in a minute. */
  readonly max: number
}

/** For the holder of a key, on the calls that ask for one. */
const calls: Budget = { name: 'calls', max: 600 }
/**
 * All others are for one address, which an office of readers shares. A page is one document and three files, which
 * browsers then keep: a thousand readers who open it at once, and once again, are 2,000 documents and 6,000 files.
 */
const reads: Budget = { name: 'reads', max: 1_200 }
const pages: Budget = { name: 'pages', max: 2_000 }
const files: Budget = { name: 'files', max: 6_000 }
/** Event streams count as sessions as well, of which the admission of followers lets an address begin fewer. */
const streams: Budget = { name: 'streams', max: 6_000 }
/** Its own, and far more than any proxy's checks, so that nothing else can make them fail. */
const health: Budget = { name: 'health', max: 6_000 }
const metrics: Budget = { name: 'metrics', max: 600 }

const windowMs = 60_000
/** Addresses and keys that are counted at a time. */
const countedMax = 50_000

/**
 * Limits the rates of all routes, of unknown addresses too. It comes after the checks of keys, and before a body is read.
 * What those checks refuse costs as little as a refusal here, and wrong keys are counted by them.
 */
export const limitRates = fastifyPlugin(async (app: FastifyInstance) => {
  const windows = new RateWindows(windowMs, countedMax)
  app.addHook('preParsing', async (request) => {
    const principal = findPrincipalOf(request)
    const budget = principal === undefined ? budgetOf(request) : calls
    const who = principal === undefined ? request.ip : principal.id
    const waitMs = windows.take(`${budget.name} ${who}`, budget.max)
    if (waitMs === 0) return
    throw new CodedError('too-many-requests', `More than ${budget.max} requests came in a minute.`, {
      retryAfterSeconds: Math.ceil(waitMs / 1_000),
    })
  })
})

/** Goes by the route that was found, so that no way of writing its address makes a difference. */
function budgetOf(request: FastifyRequest): Budget {
  const { url = '' } = request.routeOptions
  if (url.endsWith('/stream')) return streams
  if (url.startsWith('/v1/')) return reads
  if (url.startsWith('/health/')) return health
  if (url === '/metrics') return metrics
  if (url === '/assets/:name' || url === '/docs/static/*') return files
  return pages
}
