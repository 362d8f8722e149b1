import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Logger } from 'pino'
import { readAdminKey } from './admin-key.ts'
import type { Config } from './config.ts'
import { startEmbeddedRedis } from './log/embedded.ts'

type FilledIn = 'PORT' | 'ADMIN_KEY' | 'REDIS_URL'

/** What a node has once, however many processes serve it. */
export interface Prepared {
  /** The settings, with what was left open filled in. */
  readonly config: Config & { readonly [name in FilledIn]: NonNullable<Config[name]> }
  /** What was filled in, as another process of the node is to find it in its environment. */
  readonly filledIn: Readonly<Partial<Record<FilledIn, string>>>
  /** Where the node can be reached from this machine. */
  readonly url: string
  /** The file that keeps the admin key, where it was made at this start. */
  readonly adminKeyMadeIn: string | null
  /** Stops the private Redis, where there is one. */
  close(): Promise<void>
}

/** Finds the port, reads or makes the admin key, and starts the private Redis where none is given. */
export async function prepare(config: Config, logger: Logger): Promise<Prepared> {
  const port = config.PORT === 0 ? await freePort(config.HOST) : config.PORT
  const { key, madeIn, warning } = await readAdminKey(config.ADMIN_KEY, config.DATA_DIR)
  if (warning !== null) logger.warn(warning)
  const embedded = config.REDIS_URL === undefined ? await startEmbeddedRedis(config.DATA_DIR, logger) : null
  const redisUrl = config.REDIS_URL ?? embedded?.url
  if (redisUrl === undefined) throw new Error('there is no Redis')
  return {
    config: { ...config, PORT: port, ADMIN_KEY: key, REDIS_URL: redisUrl },
    filledIn: { PORT: String(port), ADMIN_KEY: key, ...(embedded === null ? {} : { REDIS_URL: embedded.url }) },
    url: `http://${localName(config.HOST)}:${port}`,
    adminKeyMadeIn: madeIn,
    close: async () => embedded?.close(),
  }
}

/** A name by which this machine reaches an address that is listened on. */
function localName(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

/** Permalinks name the port, so it must be known before the first one is made. */
async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port was found')
  return address.port
}
