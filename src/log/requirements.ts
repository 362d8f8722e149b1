import { Cluster } from 'ioredis'
import type { Logger } from 'pino'
import type { Redis } from './connection.ts'
import { apiKeys, channelKeys, opsKeys, partitions, probeKeys } from './keys.ts'

type Command = readonly [name: string, ...args: (string | number)[]]

/** No channel can have this id. */
const nobodysChannel = '-' as Parameters<typeof channelKeys>[1]
const checkTtlMs = 10_000

/**
 * Every command that the server and its scripts send, in a form that changes nothing: the key is a text that expires, so
 * that whatever is meant for another type of value fails, and is refused first if the user may not send it.
 */
const commands: Readonly<Record<string, (key: string) => readonly (string | number)[]>> = {
  set: (key) => [key, '', 'PX', checkTtlMs],
  get: (key) => [key],
  pexpire: (key) => [key, checkTtlMs],
  pttl: (key) => [key],
  eval: (key) => ['return 1', 1, key],
  evalsha: (key) => ['0'.repeat(40), 1, key],
  hdel: (key) => [key, ''],
  hget: (key) => [key, ''],
  hlen: (key) => [key],
  hmget: (key) => [key, ''],
  hset: (key) => [key, '', ''],
  hvals: (key) => [key],
  info: () => ['server'],
  lindex: (key) => [key, 0],
  lpop: (key) => [key],
  lrange: (key) => [key, 0, 0],
  lrem: (key) => [key, 1, ''],
  ltrim: (key) => [key, 0, 0],
  rpush: (key) => [key, ''],
  time: () => [],
  xadd: (key) => [key, '1-0', '', ''],
  xrange: (key) => [key, '-', '+', 'COUNT', 1],
  xread: (key) => ['COUNT', 1, 'STREAMS', key, '0-0'],
  xtrim: (key) => [key, 'MINID', '0-0'],
  zadd: (key) => [key, 0, ''],
  zcard: (key) => [key],
  zrange: (key) => [key, 0, 0],
  zrangebyscore: (key) => [key, 0, 0],
  zrem: (key) => [key, ''],
  zrevrange: (key) => [key, 0, 0],
  zrevrangebyscore: (key) => [key, 0, 0],
  zscore: (key) => [key, ''],
  // Last, as it takes the key away.
  del: (key) => [key],
}

/** What only some settings need. */
const confirming: Command = ['wait', 0, 1]

export const commandsNeeded: readonly string[] = Object.keys(commands).toSorted()

export interface Requirements {
  readonly prefix: string
  readonly processId: string
  readonly replicasMin: number
  readonly logger: Logger
}

/** Says which Redis will not do, and what its user may not do, before anyone relies on it. */
export async function requireFitRedis(redis: Redis, requirements: Requirements): Promise<void> {
  const info = await infoOf(redis)
  if (!(redis instanceof Cluster)) {
    if (/^cluster_enabled:1/m.test(info)) {
      throw new Error('it is a node of a Cluster: name it by redis+cluster://')
    }
    // Sentinels name another one soon.
    if (/^role:slave/m.test(info) && !redis.options.sentinels) {
      throw new Error('it is a replica: name its primary, or the Sentinels that know it')
    }
  }
  await requirePermissions(redis, requirements)
  const version = /^redis_version:(\d+)\.(\d+)/m.exec(info)
  if (version === null || Number(version[1]) < 7) {
    throw new Error(`it is version ${version?.slice(1).join('.') ?? 'unknown'}; 7.0 or newer is needed`)
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction'
  const { logger } = requirements
  if (policy.startsWith('allkeys')) {
    logger.warn({ policy }, 'Redis may evict posts when its memory is full: set maxmemory-policy to noeviction')
  }
  if (/^aof_enabled:0/m.test(info)) {
    logger.warn('Redis keeps no append-only file: what is acknowledged may be lost with it; set appendonly to yes')
  }
}

/** What Redis says of itself; nothing if its user may not ask, which is told with all else that it may not do. */
async function infoOf(redis: Redis): Promise<string> {
  try {
    return await redis.info()
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOPERM')) return ''
    throw error
  }
}

/**
 * Tries every command, and the keys of every kind, in every partition: each node of a Cluster has users of its own. A script
 * does not say which of its commands was refused, so each is tried by itself.
 */
async function requirePermissions(redis: Redis, { prefix, processId, replicasMin }: Requirements): Promise<void> {
  const each = Array.from({ length: partitions }, (_, partition) => {
    const check = `${probeKeys(prefix, partition, processId).meta}:check`
    const all = Object.entries(commands).map(([name, args]): Command => [name, ...args(check)])
    const channel = channelKeys(prefix, nobodysChannel)
    const shapes = [probeKeys(prefix, partition, processId).log, channel.meta, channel.rows].map((key) =>
      key.replace(/\{\d+\}/, `{${partition}}`),
    )
    return [...(replicasMin > 0 ? [confirming] : []), ...all, ...shapes.flatMap(touching)]
  })
  const others = [apiKeys(prefix), opsKeys(prefix).processes].map(touching)
  const refused = (await Promise.all([...each, ...others].map((all) => refusedOf(redis, all)))).flat()
  if (refused.length === 0) return
  const names = unique(refused.filter(({ key }) => key === null).map(({ name }) => name))
  const keys = unique(refused.flatMap(({ key }) => key ?? []))
  const user = userOf(redis)
  const said = [
    ...(names.length === 0 ? [] : [`may not run ${names.join(', ').toUpperCase()}`]),
    ...(keys.length === 0 ? [] : [`may not read and write ${keys.slice(0, 5).join(', ')}`]),
  ]
  const rules = [...(keys.length === 0 ? [] : [`~${prefix}:*`]), ...names.map((name) => `+${name}`)]
  throw new Error(`the user "${user}" ${said.join(' and ')}. Allow it: ACL SETUSER ${user} ${rules.join(' ')}`)
}

/** Reads a key and writes to it, and changes nothing. */
function touching(key: string): readonly Command[] {
  return [
    ['hget', key, ''],
    ['hdel', key, ''],
  ]
}

interface Refused {
  readonly name: string
  /** The key that may not be touched; null if the command may not be run at all. */
  readonly key: string | null
}

/** What of commands to one slot was refused to the user. */
async function refusedOf(redis: Redis, all: readonly Command[]): Promise<Refused[]> {
  const pipeline = redis.pipeline()
  for (const [name, ...args] of all) pipeline.call(name, ...args)
  const replies = (await pipeline.exec()) ?? []
  return all.flatMap(([name, ...args], i): Refused[] => {
    const message = replies[i]?.[0]?.message ?? ''
    if (!message.startsWith('NOPERM')) return []
    if (/permissions? to run/.test(message)) return [{ name, key: null }]
    return [{ name, key: args.map(String).find((arg) => arg.includes(':')) ?? '' }]
  })
}

function userOf(redis: Redis): string {
  const { username } = redis instanceof Cluster ? (redis.options.redisOptions ?? {}) : redis.options
  return username ?? 'default'
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)]
}
