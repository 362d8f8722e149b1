import type { RedisOptions as AllOptions, SentinelAddress } from 'ioredis'

/** Replies are mapped as ioredis does by default, and connecting is decided by who connects. */
export type RedisOptions = Omit<AllOptions, 'replyMapping'>

/** How to reach Redis: one server, the primary that Sentinels name, or a Cluster. */
export type RedisAddress =
  | { readonly kind: 'server'; readonly options: RedisOptions }
  | { readonly kind: 'sentinel'; readonly options: RedisOptions }
  | { readonly kind: 'cluster'; readonly nodes: readonly HostPort[]; readonly options: RedisOptions }

interface HostPort {
  readonly host: string
  readonly port: number
}

const addressForms =
  'REDIS_URL must be redis://host:port/db, unix:///path, redis+sentinel://host:port,host:port/name/db or ' +
  'redis+cluster://host:port,host:port (rediss… for TLS)'

const pattern = /^(redis|rediss)(\+sentinel|\+cluster)?:\/\/(?:([^@/]*)@)?([^@/?#]+)(\/[^?#]*)?(?:\?([^#]*))?$/
const defaultPort = 6379
const sentinelPort = 26_379

/**
 * Reads a REDIS_URL. Several hosts are separated by commas; `?sentinel_username` and `?sentinel_password` are for
 * Sentinels that ask for them, as those before the `@` are for Redis itself. Throws where it is none of these forms.
 */
export function parseAddress(url: string): RedisAddress {
  if (url.startsWith('unix:')) return unixAddress(url)
  const match = pattern.exec(url)
  if (match === null) throw new Error(addressForms)
  const [, scheme = '', topology = '', credentials, hosts = '', path = '', query] = match
  const names = path.split('/').slice(1).filter(Boolean).map(decodeURIComponent)
  const tls = scheme === 'rediss'
  const options: RedisOptions = { ...credentialsOf(credentials) }
  if (topology === '+cluster') {
    if (names.length > 0) throw new Error('REDIS_URL: a Cluster has no database numbers')
    const nodes = hosts.split(',').map((text) => hostPort(text, defaultPort))
    return { kind: 'cluster', nodes, options: tls ? { ...options, tls: {} } : options }
  }
  if (topology === '+sentinel') {
    const [name, db] = names
    if (name === undefined)
      throw new Error('REDIS_URL: after the Sentinels must come the name by which they know the primary')
    const sentinels: SentinelAddress[] = hosts.split(',').map((text) => hostPort(text, sentinelPort))
    const secure = tls ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}
    return {
      kind: 'sentinel',
      options: { ...options, ...secure, ...sentinelCredentials(query), sentinels, name, db: database(db) },
    }
  }
  const { host, port } = hostPort(hosts, defaultPort)
  const secure = tls ? { tls: { servername: host } } : {}
  return { kind: 'server', options: { ...options, ...secure, host, port, db: database(names[0]) } }
}

/** The address without what must not stand in a log. */
export function withoutPassword(url: string): string {
  return url.replace(/^([^:]*:\/\/[^:@/]*):[^@/]*@/, '$1:***@').replace(/(sentinel_password=)[^&]*/, '$1***')
}

function unixAddress(url: string): RedisAddress {
  const parsed = new URL(url)
  const db = database(parsed.searchParams.get('db') ?? undefined)
  return { kind: 'server', options: { path: decodeURIComponent(parsed.pathname), db } }
}

function hostPort(text: string, port: number): HostPort {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:,[\]\s]+)(?::(\d{1,5}))?$/.exec(text)
  if (match === null) throw new Error(addressForms)
  const [, host = '', given] = match
  return { host: host.replace(/^\[|\]$/g, ''), port: given === undefined ? port : Number(given) }
}

function credentialsOf(text: string | undefined): RedisOptions {
  if (text === undefined) return {}
  // A password may have colons.
  const [, username = '', password = ''] = (/^([^:]*):?(.*)$/.exec(text) ?? []).map(decodeURIComponent)
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) }
}

function sentinelCredentials(query = ''): RedisOptions {
  const given = new URLSearchParams(query)
  const [sentinelUsername, sentinelPassword] = [given.get('sentinel_username'), given.get('sentinel_password')]
  return {
    ...(sentinelUsername === null ? {} : { sentinelUsername }),
    ...(sentinelPassword === null ? {} : { sentinelPassword }),
  }
}

function database(text = '0'): number {
  if (!/^\d{1,5}$/.test(text)) throw new Error('REDIS_URL: the database must be a number')
  return Number(text)
}
