import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Program } from '../../../test/faults/program.ts'
import { brief, withConnection } from '../../../test/faults/redis-program.ts'
import { until } from '../../../test/faults/until.ts'
import { root } from '../../setup/prepare.js'
import { ensure, redis as redisProgram } from '../../setup/programs.js'
import { spawnLeashed } from '../leash.ts'

/** A redis-server for one server, on a unix socket, that syncs each write to disk, as the one that `npm start` brings. */
export class Store {
  readonly path: string
  readonly #program: Program

  private constructor(path: string, program: Program) {
    this.path = path
    this.#program = program
  }

  static async start(folder: string): Promise<Store> {
    const server = await ensure(root, redisProgram)
    const path = join(folder, 'redis.sock')
    const settings = ['--port', '0', '--unixsocket', path, '--dir', folder, '--save', '', '--loglevel', 'warning']
    const kept = ['--appendonly', 'yes', '--appendfsync', 'always']
    const store = new Store(path, new Program('redis-server', () => spawnLeashed(server, [...settings, ...kept])))
    store.#program.start()
    try {
      await until('redis-server answers', () => store.with(async (redis) => (await redis.ping()) === 'PONG'))
    } catch (error) {
      await store.stop()
      throw error
    }
    return store
  }

  get pids(): number[] {
    return this.#program.pid === undefined ? [] : [this.#program.pid]
  }

  /** A connection of our own, for as long as the work takes. */
  async with<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    return await withConnection(new Redis({ path: this.path, ...brief }), work)
  }

  async stop(): Promise<void> {
    await this.#program.end()
  }
}
