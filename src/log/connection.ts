import { Cluster, Redis as Connection } from 'ioredis'
import type { Logger } from 'pino'
import { CodedError } from '../errors.ts'
import { parseAddress, type RedisAddress, type RedisOptions } from './address.ts'

/** A Redis or a Cluster of them, for commands that are answered at once. */
export type Redis = Connection | Cluster

/** After this long without an answer a command is given up; whether it was carried out is then not known. */
const commandTimeoutMs = 3_000
const connectTimeoutMs = 3_000
const sentinelTimeoutMs = 1_000
const reconnectDelayMsMax = 1_000
/** How often it is asked again whether Redis has loaded its file. */
const loadingRetryMs = 500
/** How often a Cluster is asked which node has which slots. In between, its redirections tell. */
const slotsEveryMs = 2_000

/** Full jitter (each delay anywhere between 0 and the bound), so that nodes do not come back to a Redis all at once. */
export function reconnectDelayMs(attempt: number): number {
  return 10 + Math.random() * Math.min(reconnectDelayMsMax, 25 * 2 ** Math.min(attempt, 10))
}

/** What all connections have in common. */
const common = {
  connectTimeout: connectTimeoutMs,
  sentinelCommandTimeout: sentinelTimeoutMs,
  sentinelRetryStrategy: reconnectDelayMs,
  maxLoadingRetryTime: loadingRetryMs,
  // Commands under way when the connection ends are told so at once; with other values they would hang.
  maxRetriesPerRequest: 0,
  // A write that was on its way is told to the caller as unknown; its `once` key makes the caller's retry safe.
  autoResendUnfulfilledCommands: false,
  lazyConnect: true,
} as const satisfies RedisOptions

const forCommands = {
  commandTimeout: commandTimeoutMs,
  // One that is silent for that long is made anew: behind a name or a Sentinel there may be another server by now.
  socketTimeout: commandTimeoutMs,
} as const satisfies RedisOptions

/** The connection for commands that are answered at once. Whoever opens it closes it with `disconnect()`. */
export function connectForCommands(url: string, name: string, logger: Logger): Redis {
  const address = parseAddress(url)
  if (address.kind === 'cluster') return connectToCluster(address, name, logger)
  return connectToServer(address.options, name, logger, {
    ...forCommands,
    // A server that has become a replica is not the one to write to; its address may be another's by now.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
}

/** A connection to one server, or to the primary that Sentinels name. While it is away, commands fail at once. */
export function connectToServer(
  options: RedisOptions,
  name: string,
  logger: Logger,
  more: RedisOptions = {},
): Connection {
  // A queue of commands would grow with the outage.
  const kept: RedisOptions = { retryStrategy: reconnectDelayMs, enableOfflineQueue: false }
  const redis = new Connection({ ...kept, ...common, ...options, ...more, connectionName: name })
  watch(redis, logger.child({ connection: name }))
  return redis
}

function connectToCluster(
  { nodes, options }: Extract<RedisAddress, { kind: 'cluster' }>,
  name: string,
  logger: Logger,
): Cluster {
  const cluster = new Cluster([...nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelayMs,
    clusterNodeRetryStrategy: reconnectDelayMs,
    slotsRefreshTimeout: commandTimeoutMs,
    // A write whose connection ended may have been made. Who called says whether it is sent again.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    redisOptions: { ...common, ...forCommands, ...options, connectionName: name },
  })
  const log = logger.child({ connection: name })
  watch(cluster, log)
  cluster.on('+node', (node: Connection) => {
    watch(node, log.child({ server: `${node.options.host}:${node.options.port}` }))
  })
  askForSlots(cluster)
  return cluster
}

/** By a timer of our own: ioredis's starts again, and never ends, where it asks while the connection is closed. */
function askForSlots(cluster: Cluster): void {
  const timer = setInterval(() => {
    if (cluster.status === 'ready') cluster.refreshSlotsCache()
  }, slotsEveryMs).unref()
  cluster.once('end', () => clearInterval(timer))
}

function watch(redis: Redis, log: Logger): void {
  let down = false
  // Each attempt to reconnect ends in an error: the first one is news, the others are detail.
  redis.on('error', (error: Error) => {
    log[down ? 'debug' : 'warn']({ error: error.message }, 'Redis does not answer')
    down = true
  })
  redis.on('ready', () => {
    if (down) log.info('Redis is back')
    down = false
  })
}

/** Connects for the first time. Throws where nothing answers within `withinMs`, as where no Sentinel can be reached. */
export async function connected(redis: Redis, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing answers within ${withinMs} ms`)), withinMs)
  })
  try {
    await Promise.race([redis.connect(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Runs a command and turns whatever goes wrong with the store into `unavailable`, which callers may retry. */
export async function reached<T>(command: Promise<T>): Promise<T> {
  try {
    return await command
  } catch (cause) {
    throw new CodedError('unavailable', 'The store can not be reached just now. Nothing is lost: try again shortly.', {
      cause,
      retryAfterSeconds: 2,
    })
  }
}
