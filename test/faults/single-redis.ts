import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { find, redis as redisProgram } from '../../scripts/setup/programs.js'
import { Program } from './program.ts'
import { brief, withConnection } from './redis-program.ts'
import type { Store } from './store.ts'
import { until } from './until.ts'

/** One redis-server on a unix socket. */
export class SingleRedis implements Store {
  readonly redis: Program
  readonly path: string

  /** `env` is for the redis-server alone. */
  constructor(folder: string, env: Readonly<Record<string, string>> = {}) {
    this.path = join(folder, 'redis.sock')
    this.redis = new Program('redis-server', () => startRedis(folder, this.path, env))
  }

  get url(): string {
    return `unix://${this.path}`
  }

  get programs(): readonly Program[] {
    return [this.redis]
  }

  async start(): Promise<void> {
    this.redis.start()
    await until('redis-server answers', () => this.withRedis(async (redis) => (await redis.ping()) === 'PONG'))
  }

  async withRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    return await withConnection(new Redis({ path: this.path, ...brief }), work)
  }

  async close(): Promise<void> {
    await this.redis.end()
  }
}

/** Each write is on the disk before it is answered, as with the server's private Redis. */
function startRedis(folder: string, path: string, env: Readonly<Record<string, string>>): ChildProcess {
  const settings = ['--port', '0', '--unixsocket', path, '--dir', folder, '--save', '', '--loglevel', 'warning']
  const kept = ['--appendonly', 'yes', '--appendfsync', 'always']
  return spawn(find(redisProgram).path ?? 'redis-server', [...settings, ...kept], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
