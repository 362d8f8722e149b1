import type { Redis } from 'ioredis'
import { Link } from './link.ts'
import type { Program } from './program.ts'
import { SingleRedis } from './single-redis.ts'
import type { Store } from './store.ts'

/** One redis-server which the nodes reach through a link. The trial itself goes past it. */
export class LinkedRedis implements Store {
  readonly #redis: SingleRedis
  #link: Link | null = null

  constructor(folder: string) {
    this.#redis = new SingleRedis(folder)
  }

  get link(): Link {
    if (this.#link === null) throw new Error('The store has not been started.')
    return this.#link
  }

  get url(): string {
    return `redis://127.0.0.1:${this.link.port}`
  }

  get programs(): readonly Program[] {
    return this.#redis.programs
  }

  async start(): Promise<void> {
    await this.#redis.start()
    this.#link = await Link.open({ path: this.#redis.path })
  }

  withRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#redis.withRedis(work)
  }

  async close(): Promise<void> {
    await this.#link?.close()
    await this.#redis.close()
  }
}
