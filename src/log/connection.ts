import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from 'pino'
import { CodedError } from '../errors.ts'

export type { Redis }

/** After this long without an answer a command is given up; whether it was carried out is then not known. */
const commandTimeoutMs = 3_000
const connectTimeoutMs = 3_000
const reconnectDelayMsMax = 1_000

/** Full jitter (each delay anywhere between 0 and the bound), so that nodes do not come back to a Redis all at once. */
export function reconnectDelayMs(attempt: number): number {
  return 10 + Math.random() * Math.min(reconnectDelayMsMax, 25 * 2 ** Math.min(attempt, 10))
}

type Address = Pick<RedisOptions, 'path' | 'host' | 'port' | 'db' | 'username' | 'password' | 'tls'>

/** Options for `redis://`, `rediss://` and `unix:///path` (with `?db=`) addresses. */
function optionsOf(url: string): Address {
  const parsed = new URL(url)
  if (parsed.protocol === 'unix:') {
    return { path: decodeURIComponent(parsed.pathname), db: Number(parsed.searchParams.get('db') ?? 0) }
  }
  const options: Address = {
    host: parsed.hostname,
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    db: parsed.pathname.length > 1 ? Number(parsed.pathname.slice(1)) : 0,
  }
  if (parsed.username !== '') options.username = decodeURIComponent(parsed.username)
  if (parsed.password !== '') options.password = decodeURIComponent(parsed.password)
  if (parsed.protocol === 'rediss:') options.tls = { servername: parsed.hostname }
  return options
}

/** What both connections have in common. */
const common = {
  connectTimeout: connectTimeoutMs,
  // Commands under way when the connection ends are told so at once; with other values they would hang.
  maxRetriesPerRequest: 0,
  // While Redis is away a command fails at once, rather than wait in a queue that grows with the outage.
  enableOfflineQueue: false,
  // A write that was on its way is told to the caller as unknown; its `once` key makes the caller's retry safe.
  autoResendUnfulfilledCommands: false,
  retryStrategy: reconnectDelayMs,
  lazyConnect: true,
} as const

/** The connection for commands that are answered at once. Whoever opens it closes it with `disconnect()`. */
export function connectForCommands(url: string, name: string, logger: Logger): Redis {
  const redis = new Redis({ ...optionsOf(url), ...common, connectionName: name, commandTimeout: commandTimeoutMs })
  watch(redis, name, logger)
  return redis
}

/** The connection that blocks in XREAD. It has no timeout of its own: the tail watches over it. */
export function connectForBlocking(url: string, name: string, logger: Logger): Redis {
  const redis = new Redis({ ...optionsOf(url), ...common, connectionName: name })
  watch(redis, name, logger)
  return redis
}

function watch(redis: Redis, name: string, logger: Logger): void {
  const log = logger.child({ connection: name })
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

/** Says which Redis will not do before anyone relies on it. */
export async function requireFitRedis(redis: Redis, logger: Logger): Promise<void> {
  const info = await redis.info()
  const version = /^redis_version:(\d+)\.(\d+)/m.exec(info)
  if (version === null || Number(version[1]) < 7) {
    throw new Error(`it is version ${version?.slice(1).join('.') ?? 'unknown'}; 7.0 or newer is needed`)
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction'
  if (policy.startsWith('allkeys')) {
    logger.warn({ policy }, 'Redis may evict posts when its memory is full: set maxmemory-policy to noeviction')
  }
  if (/^aof_enabled:0/m.test(info)) {
    logger.warn('Redis keeps no append-only file: what is acknowledged may be lost with it; set appendonly to yes')
  }
}

export function withoutPassword(url: string): string {
  const parsed = new URL(url)
  if (parsed.password !== '') parsed.password = '***'
  return parsed.href
}
