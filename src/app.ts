import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { api } from './api/api.ts'
import { type Authorize, authorizer } from './api/auth.ts'
import { Bodies } from './api/bodies.ts'
import { Keys } from './api/keys.ts'
import { openApi } from './api/openapi.ts'
import { problems } from './api/problem.ts'
import { limitRates } from './api/rates.ts'
import type { Config } from './config.ts'
import { guardServer } from './connections/guard.ts'
import { openConnectionsMax } from './connections/open-connections.ts'
import { Admission } from './feed/admission.ts'
import { drainSpreadMs } from './feed/drain.ts'
import { Hub } from './feed/hub.ts'
import { loadNativeSockets } from './feed/native/sockets.ts'
import { streamRoutes } from './feed/routes.ts'
import { SliceWriter } from './feed/slice-writer.ts'
import { type SocketFeed, serveSockets } from './feed/sockets.ts'
import { Streams } from './feed/stream.ts'
import { asksForWebsocket } from './feed/upgrades.ts'
import { finishAnswers, listen, makeApp, setListener } from './http.ts'
import { apiKeys } from './log/keys.ts'
import { type Log, openLog } from './log/log.ts'
import { serveMetrics } from './metrics-server.ts'
import type { Counts } from './ops/counts.ts'
import { makeMetrics, timeRequests } from './ops/metrics.ts'
import { encodeMetrics, nodeMetrics } from './ops/node-metrics.ts'
import { Readiness } from './ops/readiness.ts'
import { Registry } from './ops/registry.ts'
import { startReporting } from './ops/reporter.ts'
import { type HealthRoutesOptions, healthRoutes, metricsRoute, opsRoutes } from './ops/routes.ts'
import { pages } from './pages/pages.ts'
import type { PageSource } from './pages/source.ts'
import { prepare } from './prepare.ts'
import { socketPath } from './wire/events.ts'
import { limits } from './wire/limits.ts'
import { Neighbours } from './workers/neighbours.ts'
import type { Place } from './workers/place.ts'
import { SessionIds } from './workers/session-ids.ts'
import { sharedPort } from './workers/shared-port.ts'

export interface Wirecopy {
  /** Where it can be reached from this machine. */
  readonly url: string
  readonly adminKey: string
  /** The file that keeps the admin key, where it was made at this start. */
  readonly adminKeyMadeIn: string | null
  /** Lets followers go, finishes what is under way, and closes all that was opened. */
  close(): Promise<void>
}

/**
 * Puts a server together and listens. Whatever was opened is closed again where a later step fails. `place` is where the
 * process stands among the workers of its node; null where it is the only one.
 */
export async function openWirecopy(given: Config, logger: Logger, place: Place | null = null): Promise<Wirecopy> {
  const closers: (() => Promise<void>)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    // Of a worker nothing is left open: its primary has filled all in.
    const prepared = await prepare(given, logger)
    closers.push(() => prepared.close())
    const { config, url, adminKeyMadeIn } = prepared
    const { ADMIN_KEY: adminKey, REDIS_URL: redisUrl } = config
    const { number: worker, count: workers } = place ?? { number: 0, count: 1 }
    const publicUrl = (config.PUBLIC_URL ?? url).replace(/(?<!\/)\/+$/, '')
    const processId = `${config.NODE_NAME}-${worker}-${randomBytes(4).toString('hex')}`
    const { REDIS_PREFIX: prefix, LOG_CHANGES: changesMax, REDIS_MIN_REPLICAS: replicasMin } = config
    const log = await openLog({ redisUrl, prefix, processId, publicUrl, changesMax, replicasMin, logger })
    closers.push(() => log.close())

    const readiness = new Readiness(log, logger)
    closers.push(() => readiness.close())
    readiness.onChange((ready) => place?.ready(ready))
    const registry = new Registry(log.redis, prefix, processId)
    const keys = new Keys(log.redis, apiKeys(prefix))
    const authorize = authorizer({ keys, adminKey, limited: config.RATE_LIMIT })
    const bodies = new Bodies({ logger })
    closers.push(() => bodies.close())

    const app = makeApp(config, logger, asksForWebsocket)
    closers.push(() => app.close())
    await app.register(helmet, {
      // Pages and the API's document set policies of their own; other sites may read and follow.
      contentSecurityPolicy: false,
      crossOriginResourcePolicy: { policy: 'cross-origin' },
      // TLS ends at the proxy, and so what is promised about it is the proxy's to say.
      strictTransportSecurity: false,
    })
    await app.register(problems)
    // Before any route, since a part of the app has the hooks that were there when it began.
    if (config.RATE_LIMIT) await app.register(limitRates, config)
    await app.register(openApi)

    const native = loadNativeSockets(logger, config.FAN_OUT)
    const writer = new SliceWriter(native?.sendAll ?? null)
    const hub = new Hub(log, logger, writer)
    const streams = new Streams(hub)
    const admission = new Admission(config)
    const ids = new SessionIds(config.NODE_NAME, worker, workers)
    const neighbours = place === null ? null : new Neighbours({ place, ids, path: socketPath, logger })
    const sockets = serveSockets(app, {
      hub,
      writer,
      admission,
      config,
      makeId: () => ids.make(),
      ...(neighbours === null ? {} : { route: (...asked) => neighbours.route(...asked) }),
      logger,
    })
    const counts = (): Counts => ({
      connections: { ...sockets.counts(), sse: streams.count },
      channels: hub.counts(),
      cutOff: hub.cutOff,
      waitingBytes: sockets.waitingBytes() + streams.waitingBytes,
    })
    const guard = guardServer(app.server, {
      trustProxy: config.TRUST_PROXY,
      connectionsMax: openConnectionsMax(workers),
      followersPerAddressMax: config.RATE_LIMIT ? config.CONNECTIONS_PER_ADDRESS_MAX : Number.POSITIVE_INFINITY,
      // A stream that takes nothing is cut off by its feed.
      isSeenTo: (response) => streams.has(response),
    })
    app.addHook('onClose', async () => guard.close())
    const finish = finishAnswers(app, guard)
    // Fastify waits for open connections, so followers go first.
    app.addHook('preClose', async () => {
      readiness.stopping()
      streams.close()
      sockets.close()
      hub.close()
      finish()
    })
    const reporting = startReporting({ registry, counts, readiness, node: config.NODE_NAME, worker, logger })
    closers.push(() => reporting.stop())

    const metrics = makeMetrics({
      counts,
      readiness,
      log,
      refused: () => admission.refused,
      guard,
      restarted: () => place?.restarted ?? 0,
      lost: () => reporting.lost(),
      bodiesPutOff: () => bodies.putOff,
    })
    timeRequests(app, metrics)
    const figures = neighbours === null ? metrics : nodeMetrics(metrics, () => neighbours.figures())
    const othersUnready = () => place?.unready ?? 0
    const health = { readiness, othersUnready }
    const authorizeMetrics = config.METRICS === 'key' ? authorize('ops:read') : null
    const metricsOptions = { metrics: figures, authorizeMetrics }
    if (config.METRICS_PORT === undefined) await app.register(metricsRoute, metricsOptions)
    await registerRoutes(app, { config, log, authorize, bodies, registry, health, streams, admission, publicUrl })
    if (neighbours !== null) {
      const endNeighbours = await neighbours.listen(app.server, () => encodeMetrics(metrics))
      app.addHook('onClose', endNeighbours)
    }
    const shared = place === null ? {} : sharedPort
    if (config.METRICS_PORT !== undefined) {
      closers.push(await serveMetrics({ ...metricsOptions, config, port: config.METRICS_PORT, shared, logger }))
    }
    await listen(app, config.HOST, config.PORT, shared)
    setListener(app, native)
    const noticeMs = config.DRAIN_NOTICE_MS
    closers.push(() => drain({ readiness, admission, sockets, streams, noticeMs, workers, logger }))
    return { url, adminKey, adminKeyMadeIn, close }
  } catch (error) {
    await close()
    throw error
  }
}

interface Drained {
  readonly readiness: Readiness
  readonly admission: Admission
  readonly sockets: SocketFeed
  readonly streams: Streams
  readonly noticeMs: number
  readonly workers: number
  readonly logger: Logger
}

/** Takes no more followers, and sends those who are here elsewhere, no more in a second than others can take in. */
async function drain({ readiness, admission, sockets, streams, noticeMs, workers, logger }: Drained): Promise<void> {
  readiness.stopping()
  admission.stop()
  // A proxy still sends its requests here, and they are answered, until its next checks tell it to stop.
  await delay(noticeMs)
  const { websocket, polling } = sockets.counts()
  const connections = websocket + polling + streams.count
  if (connections === 0) return
  // The other workers of the node send about as many away in the same time.
  const spreadMs = drainSpreadMs(connections * workers)
  logger.info({ connections, spreadMs }, 'followers are sent elsewhere')
  await Promise.all([sockets.drain(spreadMs), streams.drain(spreadMs)])
}

interface Parts {
  readonly config: Config
  readonly log: Log
  readonly authorize: Authorize
  readonly bodies: Bodies
  readonly registry: Registry
  readonly health: HealthRoutesOptions
  readonly streams: Streams
  readonly admission: Admission
  readonly publicUrl: string
}

async function registerRoutes(app: FastifyInstance, parts: Parts): Promise<void> {
  const { config, log, authorize, bodies, registry, health, streams, admission, publicUrl } = parts
  // A connection that is kept open would be cut under its next request; whoever comes anew is sent elsewhere.
  app.addHook('onRequest', async (_request, reply) => {
    if (health.readiness.reason === 'stopping') reply.header('Connection', 'close')
  })
  await app.register(healthRoutes, health)
  await app.register(api, {
    prefix: '/v1',
    log,
    authorize,
    bodies,
    config,
    more: async (v1) => {
      await streamRoutes(v1, { streams, admission })
      await opsRoutes(v1, { registry, authorize: authorize('ops:read') })
    },
  })
  await app.register(pages, { source: pageSource(log), publicUrl })
}

function pageSource(log: Log): PageSource {
  return {
    channels: () => log.channels(),
    snapshot: (id) => log.snapshot(id),
    page: (id, { before }) => log.page(id, { limit: limits.pagePostsDefault, before }),
    post: async (id, postId) => {
      const [post, snapshot] = await Promise.all([log.post(id, postId), log.snapshot(id)])
      if (post === null || snapshot === null) return null
      const value = { channel: snapshot.value.channel, cursor: post.cursor, post: post.value }
      return { value, ...(post.staleMs === undefined ? {} : { staleMs: post.staleMs }) }
    },
  }
}
