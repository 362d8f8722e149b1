import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import helmet from '@fastify/helmet'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import type { Logger } from 'pino'
import { api } from './api/api.ts'
import { type Authorize, authorizer } from './api/auth.ts'
import { Keys } from './api/keys.ts'
import { openApi } from './api/openapi.ts'
import { problems, sendProblem } from './api/problem.ts'
import { readByZod, writeAsJson } from './api/validate.ts'
import type { Config } from './config.ts'
import { Admission } from './feed/admission.ts'
import { drainSpreadMs } from './feed/drain.ts'
import { Hub } from './feed/hub.ts'
import { loadNativeSockets, type NativeSockets } from './feed/native/sockets.ts'
import { streamRoutes } from './feed/routes.ts'
import { SliceWriter } from './feed/slice-writer.ts'
import { type SocketFeed, serveSockets } from './feed/sockets.ts'
import { Streams } from './feed/stream.ts'
import { asksForWebsocket } from './feed/upgrades.ts'
import { apiKeys } from './log/keys.ts'
import { type Log, openLog } from './log/log.ts'
import type { Counts } from './ops/counts.ts'
import { makeMetrics, timeRequests } from './ops/metrics.ts'
import { encodeMetrics, nodeMetrics } from './ops/node-metrics.ts'
import { Readiness } from './ops/readiness.ts'
import { Registry } from './ops/registry.ts'
import { startReporting } from './ops/reporter.ts'
import { type HealthRoutesOptions, healthRoutes, opsRoutes } from './ops/routes.ts'
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

/** When the server stops: how often connections are looked at, and how long an answer may still take. */
const sweepEveryMs = 50
/** Connections that wait to be accepted, as after a network's outage. The system has a limit of its own (somaxconn). */
const listenBacklog = 65_535
const answerMsMax = 10_000
/** After this time a connection is taken in, though nothing has come on it. */
const deferAcceptSeconds = 10

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
    const publicUrl = (config.PUBLIC_URL ?? url).replace(/\/+$/, '')
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

    const app = makeApp(config, logger)
    closers.push(() => app.close())
    await app.register(helmet, {
      // Pages and the API's document set policies of their own; other sites may read and follow.
      contentSecurityPolicy: false,
      crossOriginResourcePolicy: { policy: 'cross-origin' },
      // TLS ends at the proxy, and so what is promised about it is the proxy's to say.
      strictTransportSecurity: false,
    })
    await app.register(problems)
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
    const finish = finishAnswers(app)
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
      restarted: () => place?.restarted ?? 0,
      lost: () => reporting.lost(),
    })
    timeRequests(app, metrics)
    const figures = neighbours === null ? metrics : nodeMetrics(metrics, () => neighbours.figures())
    const othersUnready = () => place?.unready ?? 0
    const health = { readiness, othersUnready, metrics: figures }
    await registerRoutes(app, { config, log, authorize, registry, health, streams, admission, publicUrl })
    if (neighbours !== null) {
      const endNeighbours = await neighbours.listen(app.server, () => encodeMetrics(metrics))
      app.addHook('onClose', endNeighbours)
    }
    const shared = place === null ? {} : sharedPort
    await app.listen({ host: config.HOST, port: config.PORT, backlog: listenBacklog, ...shared })
    setListener(app, config, native)
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

/** A listening socket's handle has no public name. */
interface WithHandle {
  readonly _handle: { readonly fd: number; setNoDelay(noDelay: boolean): void } | null
}

/**
 * Sets once, on the listening socket, what would otherwise be done for each connection. One on which nothing comes, as
 * browsers open some for later, does not reach this process at first: waking it up costs more than serving a follower.
 */
function setListener(app: FastifyInstance, config: Config, native: NativeSockets | null): void {
  const handle = (app.server as unknown as WithHandle)._handle
  if (handle === null || handle === undefined) return
  if (inheritsNoDelay(config)) handle.setNoDelay(true)
  const failed = native?.deferAccept(handle.fd, deferAcceptSeconds) ?? 0
  if (failed < 0) app.log.info({ errno: -failed }, 'connections are taken in before anything has come on them')
}

/**
 * Whether connections get TCP_NODELAY from the socket that they come to, as on Linux, which spares a call for each. A
 * name may stand for several addresses, for which Fastify opens sockets out of reach.
 */
function inheritsNoDelay({ HOST }: Pick<Config, 'HOST'>): boolean {
  return process.platform === 'linux' && isIP(HOST) !== 0
}

function makeApp(config: Config, logger: Logger): FastifyInstance {
  const app = Fastify({
    http: { noDelay: !inheritsNoDelay(config), shouldUpgradeCallback: asksForWebsocket },
    loggerInstance: logger,
    // A line for each poll would drown what matters; the metrics time every request.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.TRUST_PROXY,
    bodyLimit: limits.requestBytesMax,
    frameworkErrors: (error, request, reply) => {
      void sendProblem(error, request, reply)
    },
    // Longer than any id, so that one that is too long is told what it must look like.
    routerOptions: { maxParamLength: 300 },
    // A request must come whole within this time, or it would hold its connection, and the close, for ever.
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
  })
  app.setValidatorCompiler(readByZod)
  app.setSerializerCompiler(writeAsJson)
  return app as unknown as FastifyInstance
}

/**
 * Finishes what is being answered when the server stops, then ends all connections. Node's own notion of an idle
 * connection leaves out those on which nothing was ever asked, and they would keep the server open for a minute.
 */
function finishAnswers(app: FastifyInstance): () => void {
  let answering = 0
  app.server.on('request', (_request, response) => {
    answering++
    response.once('close', () => answering--)
  })
  return () => {
    const end = performance.now() + answerMsMax
    const sweep = setInterval(() => {
      if (answering === 0 || performance.now() > end) app.server.closeAllConnections()
      else app.server.closeIdleConnections()
    }, sweepEveryMs)
    app.server.once('close', () => clearInterval(sweep))
  }
}

interface Parts {
  readonly config: Config
  readonly log: Log
  readonly authorize: Authorize
  readonly registry: Registry
  readonly health: Omit<HealthRoutesOptions, 'authorizeMetrics'>
  readonly streams: Streams
  readonly admission: Admission
  readonly publicUrl: string
}

async function registerRoutes(app: FastifyInstance, parts: Parts): Promise<void> {
  const { config, log, authorize, registry, health, streams, admission, publicUrl } = parts
  // A connection that is kept open would be cut under its next request; whoever comes anew is sent elsewhere.
  app.addHook('onRequest', async (_request, reply) => {
    if (health.readiness.reason === 'stopping') reply.header('Connection', 'close')
  })
  const authorizeMetrics = config.METRICS === 'key' ? authorize('ops:read') : null
  await app.register(healthRoutes, { ...health, authorizeMetrics })
  await app.register(api, {
    prefix: '/v1',
    log,
    authorize,
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
