import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { find, redis as redisProgram } from '../../scripts/setup/programs.js'
import { freePort } from './free-port.ts'
import { Program } from './program.ts'
import { until } from './until.ts'

export interface RedisProgramOptions {
  readonly name: string
  readonly folder: string
  readonly port: number
  /** Options of its command line, without the leading dashes. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Each write is on the disk before it is answered, as with the server's private Redis; replicas need not wait to sync. */
const always = {
  save: '',
  appendonly: 'yes',
  appendfsync: 'always',
  'repl-diskless-sync-delay': '0',
  loglevel: 'warning',
}

/** A redis-server on loopback, with a folder of its own. */
export class RedisProgram extends Program {
  readonly port: number

  constructor({ name, folder, port, settings = {} }: RedisProgramOptions) {
    const dir = join(folder, name)
    super(name, () => {
      mkdirSync(dir, { recursive: true })
      const all = { port: String(port), bind: '127.0.0.1', 'protected-mode': 'no', dir, ...always, ...settings }
      const args = Object.entries(all).flatMap(([option, value]) => [`--${option}`, value])
      return spawn(redisServer(), args, { stdio: ['ignore', 'ignore', 'inherit'] })
    })
    this.port = port
  }

  static async free(options: Omit<RedisProgramOptions, 'port'>): Promise<RedisProgram> {
    return new RedisProgram({ ...options, port: await freePort() })
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async answers(): Promise<void> {
    await until(`${this.name} answers`, () => this.with(async (redis) => (await redis.ping()) === 'PONG'))
  }

  /** A connection of the trial's own, for as long as the work takes. */
  async with<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    return await withConnection(new Redis({ host: '127.0.0.1', port: this.port, ...brief }), work)
  }

  async ask(command: string, ...args: readonly (string | number)[]): Promise<string> {
    return String(await this.with((redis) => redis.call(command, ...args)))
  }
}

/** For connections that are opened for one piece of work. */
export const brief = {
  lazyConnect: true,
  retryStrategy: () => null,
  connectTimeout: 2_000,
  commandTimeout: 5_000,
} as const

export async function withConnection<T>(redis: Redis, work: (redis: Redis) => Promise<T>): Promise<T> {
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}

export function redisServer(): string {
  return find(redisProgram).path ?? 'redis-server'
}
