import { availableParallelism, hostname } from 'node:os'
import { z } from 'zod'
import { readTrustProxy } from './connections/trust-proxy.ts'

const slug = /^[a-z0-9][a-z0-9-]{0,30}$/

/** A process each, with a heap and connections to Redis of its own. */
const workersMax = 64
const badWorkers = `must be auto, or a number from 1 to ${workersMax}`

function onOff(preset: 'on' | 'off') {
  return z
    .enum(['on', 'off'])
    .default(preset)
    .transform((word) => word === 'on')
}

/** Requests that are let through in a minute, counted by each process. */
function perMinute(preset: number, what: string) {
  return z.coerce.number().int().min(10).max(10_000_000).default(preset).describe(what)
}

/** The settings, one by one: the README's table and the start's errors are made from here. */
export const settings = z.object({
  HOST: z.string().min(1).default('0.0.0.0').describe('Address to listen on.'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000).describe('Port to listen on; 0 takes a free one.'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be an absolute http or https URL' })
    .optional()
    .describe(
      'What readers see as the address of this site; permalinks begin with it. Unset: `http://localhost:<PORT>`.',
    ),
  REDIS_URL: z
    .string()
    .regex(
      /^(rediss?(\+sentinel|\+cluster)?|unix):\/\/\S+$/,
      'must be redis://, unix:///path, redis+sentinel:// or redis+cluster:// (rediss for TLS)',
    )
    .optional()
    .describe(
      'The Redis (7.0 or newer) that keeps the log: `redis://…`, `unix:///…`, `redis+sentinel://…` or ' +
        '`redis+cluster://…`. Unset: a private redis-server, its data under `DATA_DIR`.',
    ),
  REDIS_MIN_REPLICAS: z.coerce
    .number()
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe('Replicas of Redis that must have a write before it is acknowledged; with fewer it is answered 503.'),
  REDIS_PREFIX: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'must be 1 to 40 of a-z, 0-9 and "-"')
    .default('wirecopy')
    .describe('Begins every key, so that several Wirecopies can share a Redis.'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('data')
    .describe('Folder of the private redis-server and of the made `ADMIN_KEY`.'),
  ADMIN_KEY: z
    .string()
    .min(16, 'must have 16 characters or more')
    .max(200)
    .optional()
    .describe(
      'A key with all scopes. Unset: one is made, kept under `DATA_DIR`, and shown once if standard error is a terminal.',
    ),
  NODE_NAME: z
    .string()
    .regex(slug, 'must be 1 to 31 of a-z, 0-9 and "-"')
    .default(ownName())
    .describe('Names this node among others; session ids begin with it, so that a proxy can send a client back to it.'),
  CORS_ORIGINS: z
    .string()
    .default('*')
    .transform((text) => (text.trim() === '*' ? ('*' as const) : text.split(',').map((origin) => origin.trim())))
    .refine(
      (origins) =>
        origins === '*' || origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
      'must be * or origins such as https://news.example, separated by commas',
    )
    .describe(
      'Sites whose pages may read and follow, by every transport: `*`, or origins separated by commas. Pages of this site always may.',
    ),
  TRUST_PROXY: z
    .string()
    .default('off')
    .transform((text, context) => {
      try {
        return readTrustProxy(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
        return z.NEVER
      }
    })
    .describe(
      'Whose X-Forwarded-For counts, for limits by address: `off`; how many proxies stand in front, such as `1`; or ' +
        'their networks, such as `10.0.0.0/8,loopback`. It is read from the right.',
    ),
  WORKERS: z
    .union(
      [
        z.literal('auto').transform(() => Math.min(workersMax, availableParallelism())),
        z.coerce.number().int(badWorkers).min(1, badWorkers).max(workersMax, badWorkers),
      ],
      badWorkers,
    )
    .default(1)
    .describe('Processes that share the port and the work; `auto` is one for each core.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least level that is logged.'),
  LOG_CHANGES: z.coerce
    .number()
    .int()
    .min(10)
    .max(1_000_000)
    .default(10_000)
    .describe('Changes that a channel keeps for catch-up; older cursors start over from a snapshot.'),
  METRICS: z
    .enum(['open', 'key'])
    .default('open')
    .describe('`key`: `/metrics` asks for a key with the scope `ops:read`.'),
  METRICS_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('Port for `/metrics` alone, which `PORT` then does not serve. Unset: `/metrics` is on `PORT`.'),
  CONNECTIONS_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe(
      'Connections of followers that a process holds at most; more are refused with 503. Unset: as many as the files ' +
        'that it may open and its heap allow.',
    ),
  CONNECTIONS_PER_ADDRESS_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(1_000)
    .describe('Of these from one address; more are refused with 429. Behind a proxy set `TRUST_PROXY`.'),
  CALLS_PER_MINUTE: perMinute(600, 'Calls that ask for a key, in a minute, for each key; more are refused with 429.'),
  READS_PER_MINUTE: perMinute(
    1_200,
    'Other calls under `/v1` in a minute for each address; a reader who polls makes 30. More are refused with 429.',
  ),
  PAGES_PER_MINUTE: perMinute(2_000, 'Pages and unknown addresses in a minute for each address.'),
  FILES_PER_MINUTE: perMinute(
    6_000,
    "Files of pages in a minute for each address; a page has three, which the reader's browser then keeps.",
  ),
  DRAIN_NOTICE_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(30_000)
    .default(0)
    .describe(
      'Milliseconds for which a process that is told to stop goes on as not ready, so that a proxy finds out before it ' +
        'no longer accepts.',
    ),
  KEEP_ALIVE_MS: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(3_600_000)
    .default(72_000)
    .describe(
      'Milliseconds for which a connection stays open between two requests: longer than the load balancer in front ' +
        'keeps its idle connections.',
    ),
  FAN_OUT: z
    .enum(['auto', 'send', 'stream'])
    .default('auto')
    .describe(
      'How batches go out to websockets: `auto` by io_uring where the system lets us, else by send(2); `send` never by io_uring; `stream` by the streams of Node, as where there is no addon.',
    ),
  WEBSOCKET_COMPRESSION: onOff('on').describe(
    '`off`: websockets that offer permessage-deflate do not get it, for readers behind something that breaks on it.',
  ),
  RATE_LIMIT: onOff('on').describe(
    '`off` to measure on loopback: lifts the limits on rates and on connections from one address.',
  ),
})

export type Config = Readonly<z.output<typeof settings>>

/** Reads the settings out of an environment. Throws one `Error` whose message names each bad variable on a line. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const named = Object.keys(settings.shape)
  // An empty variable is how compose files and shells say "unset".
  const given = named.filter((name) => environment[name] !== undefined && environment[name] !== '')
  const result = settings.safeParse(Object.fromEntries(given.map((name) => [name, environment[name]])))
  if (result.success) {
    // Where several sockets may share a port, the system would deal requests to both.
    if (result.data.METRICS_PORT === result.data.PORT) {
      throw new Error('The configuration is not valid. METRICS_PORT: must be another port than PORT')
    }
    return Object.freeze(result.data)
  }
  const lines = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`The configuration is not valid. ${lines.join('; ')}`)
}

function ownName(): string {
  const name = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .replace(/^-+/, '')
    .slice(0, 31)
  return slug.test(name) ? name : 'node'
}
