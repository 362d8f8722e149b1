import { once } from 'node:events'
import type { Logger } from 'pino'
import { problems } from './api/problem.ts'
import { limitRates } from './api/rates.ts'
import type { Config } from './config.ts'
import { guardServer } from './connections/guard.ts'
import { listen, makeApp } from './http.ts'
import { type MetricsRouteOptions, metricsRoute } from './ops/routes.ts'

/** Prometheus opens one, and whoever looks by hand a few. */
const connectionsMax = 64

export interface MetricsServerOptions extends MetricsRouteOptions {
  readonly config: Config
  readonly port: number
  /** How workers share a port. */
  readonly shared: object
  readonly logger: Logger
}

/** Serves `/metrics` on a port of its own, so that no proxy in front of the other port can show it. Returns what ends that. */
export async function serveMetrics(options: MetricsServerOptions): Promise<() => Promise<void>> {
  const { config, port, shared, logger } = options
  const app = makeApp(config, logger)
  try {
    await app.register(problems)
    if (config.RATE_LIMIT) await app.register(limitRates, config)
    await app.register(metricsRoute, options)
    const guard = guardServer(app.server, {
      trustProxy: config.TRUST_PROXY,
      connectionsMax,
      followersPerAddressMax: Number.POSITIVE_INFINITY,
      isSeenTo: () => false,
    })
    app.addHook('onClose', async () => guard.close())
    await listen(app, config.HOST, port, shared)
  } catch (error) {
    await app.close()
    throw error
  }
  return async () => {
    const closed = once(app.server, 'close')
    const closing = app.close()
    app.server.closeAllConnections()
    await Promise.all([closed, closing])
  }
}
