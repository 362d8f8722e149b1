import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../config.ts'
import { RateWindows } from '../connections/rate-windows.ts'
import { CodedError } from '../errors.ts'
import { findPrincipalOf } from './auth.ts'

interface Budget {
  readonly name: string
  /** Requests in a minute. */
  readonly max: number
}

/** What an operator sets, for one key (calls) or one address (the others). */
type RateSettings = Pick<
  Config,
  'CALLS_PER_MINUTE' | 'READS_PER_MINUTE' | 'PAGES_PER_MINUTE' | 'FILES_PER_MINUTE' | 'CONNECTIONS_PER_ADDRESS_MAX'
>

interface Budgets {
  /** For the holder of a key, on the calls that ask for one. All others are for one address, which many readers may share. */
  readonly calls: Budget
  readonly reads: Budget
  readonly pages: Budget
  readonly files: Budget
  readonly streams: Budget
  readonly health: Budget
  readonly metrics: Budget
}

function budgetsOf(config: RateSettings): Budgets {
  return {
    calls: { name: 'calls', max: config.CALLS_PER_MINUTE },
    reads: { name: 'reads', max: config.READS_PER_MINUTE },
    pages: { name: 'pages', max: config.PAGES_PER_MINUTE },
    files: { name: 'files', max: config.FILES_PER_MINUTE },
    // Event streams count as sessions as well, of which the admission of followers lets an address begin fewer.
    streams: { name: 'streams', max: Math.max(6_000, 6 * config.CONNECTIONS_PER_ADDRESS_MAX) },
    // Its own, and far more than any proxy's checks, so that nothing else can make them fail.
    health: { name: 'health', max: 6_000 },
    metrics: { name: 'metrics', max: 600 },
  }
}

const windowMs = 60_000
/** Addresses and keys that are counted at a time. */
const countedMax = 50_000

/**
 * Limits the rates of all routes, of unknown addresses too. It comes after the checks of keys, and before a body is read.
 * What those checks refuse costs as little as a refusal here, and wrong keys are counted by them.
 */
export const limitRates = fastifyPlugin(async (app: FastifyInstance, config: RateSettings) => {
  const budgets = budgetsOf(config)
  const windows = new RateWindows(windowMs, countedMax)
  app.addHook('preParsing', async (request) => {
    const principal = findPrincipalOf(request)
    const budget = principal === undefined ? budgetOf(request, budgets) : budgets.calls
    const who = principal === undefined ? request.ip : principal.id
    const waitMs = windows.take(`${budget.name} ${who}`, budget.max)
    if (waitMs === 0) return
    throw new CodedError('too-many-requests', `More than ${budget.max} requests came in a minute.`, {
      retryAfterSeconds: Math.ceil(waitMs / 1_000),
    })
  })
})

/** Goes by the route that was found, so that no way of writing its address makes a difference. */
function budgetOf(request: FastifyRequest, { streams, reads, health, metrics, files, pages }: Budgets): Budget {
  const { url = '' } = request.routeOptions
  if (url.endsWith('/stream')) return streams
  if (url.startsWith('/v1/')) return reads
  if (url.startsWith('/health/')) return health
  if (url === '/metrics') return metrics
  if (url === '/assets/:name' || url === '/docs/static/*') return files
  return pages
}
