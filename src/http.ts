import { lookup } from 'node:dns/promises'
import type { IncomingMessage } from 'node:http'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import type { Logger } from 'pino'
import { sendProblem } from './api/problem.ts'
import { answerUnreadable } from './api/unreadable.ts'
import { readByZod, writeAsJson } from './api/validate.ts'
import type { Config } from './config.ts'
import { clientAddresses } from './connections/client-address.ts'
import type { Guard } from './connections/guard.ts'
import { noteBody } from './connections/unread-answers.ts'
import type { NativeSockets } from './feed/native/sockets.ts'
import { limits } from './wire/limits.ts'

/** When the server stops: how often connections are looked at, and how long an answer may still take. */
const sweepEveryMs = 50
/** Connections that wait to be accepted, as after a network's outage. The system has a limit of its own (somaxconn). */
const listenBacklog = 65_535
const answerMsMax = 10_000
/** After this time a connection is taken in, though nothing has come on it. */
const deferAcceptSeconds = 10
/** The headers of a request must come within this time of the connection, or of the first byte of a later request. */
const headersMsMax = 20_000
/** A request must come whole within this time, or it would hold its connection, and the close, for ever. */
const requestMsMax = 30_000
/** How often Node looks for connections that took longer. */
const lateCheckEveryMs = 5_000
/** Whether connections get TCP_NODELAY from the socket that they come to, which spares a call for each. */
const inheritsNoDelay = process.platform === 'linux'

/**
 * Makes a Fastify app that reads and answers as all of this server's do. Node ignores every offer to upgrade for which
 * `upgrades` does not return true, and the request is answered.
 */
export function makeApp(
  config: Config,
  logger: Logger,
  upgrades: (request: IncomingMessage) => boolean = () => false,
): FastifyInstance {
  const app = Fastify({
    http: {
      noDelay: !inheritsNoDelay,
      shouldUpgradeCallback: upgrades,
      headersTimeout: headersMsMax,
      connectionsCheckingInterval: lateCheckEveryMs,
    },
    loggerInstance: logger,
    // A line for each poll would drown what matters; the metrics time every request.
    logController: new LogController({ disableRequestLogging: true }),
    // Fastify's own way takes whatever a header says for an address.
    trustProxy: false,
    bodyLimit: limits.requestBytesMax,
    frameworkErrors: (error, request, reply) => {
      void sendProblem(error, request, reply)
    },
    clientErrorHandler: answerUnreadable,
    // Longer than any id, so that one that is too long is told what it must look like.
    routerOptions: { maxParamLength: 300 },
    requestTimeout: requestMsMax,
    keepAliveTimeout: config.KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // On a machine that starts much at a time, as after an outage, 10 s are soon past, and the server would not start.
    pluginTimeout: 0,
  }) as unknown as FastifyInstance
  app.setValidatorCompiler(readByZod)
  app.setSerializerCompiler(writeAsJson)
  const addressOf = clientAddresses(config.TRUST_PROXY)
  app.decorateRequest('ip', {
    getter() {
      return addressOf(this.raw)
    },
  })
  app.addHook('onSend', async (_request, reply, payload) => {
    if (Buffer.isBuffer(payload)) noteBody(reply.raw, payload)
  })
  return app
}

/** Listens at one address. For a name with several, Fastify would make servers that nothing else here knows of. */
export async function listen(app: FastifyInstance, host: string, port: number, shared: object): Promise<void> {
  const { address } = await lookup(host)
  await app.listen({ host: address, port, backlog: listenBacklog, ...shared })
}

/** A listening socket's handle has no public name. */
interface WithHandle {
  readonly _handle: { readonly fd: number; setNoDelay(noDelay: boolean): void } | null
}

/**
 * Sets once, on the listening socket, what would otherwise be done for each connection. One on which nothing comes, as
 * browsers open some for later, does not reach this process at first: waking it up costs more than serving a follower.
 */
export function setListener(app: FastifyInstance, native: NativeSockets | null): void {
  const handle = (app.server as unknown as WithHandle)._handle
  if (handle === null || handle === undefined) return
  if (inheritsNoDelay) handle.setNoDelay(true)
  const failed = native?.deferAccept(handle.fd, deferAcceptSeconds) ?? 0
  if (failed < 0) app.log.info({ errno: -failed }, 'connections are taken in before anything has come on them')
}

/**
 * Finishes what is being answered when the server stops, then ends all connections. Node's own notion of an idle
 * connection leaves out those on which nothing was ever asked, and they would keep the server open for a minute.
 */
export function finishAnswers(app: FastifyInstance, guard: Guard): () => void {
  return () => {
    const end = performance.now() + answerMsMax
    const sweep = setInterval(() => {
      if (guard.underWay === 0 || performance.now() > end) app.server.closeAllConnections()
      else app.server.closeIdleConnections()
    }, sweepEveryMs)
    app.server.once('close', () => clearInterval(sweep))
  }
}
