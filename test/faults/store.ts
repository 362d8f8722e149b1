import type { Redis } from 'ioredis'
import type { Program } from './program.ts'

/** What keeps the log: one redis-server, or several in some order. A stage has one, in a folder of its own. */
export interface Store {
  /** What the nodes are given as `REDIS_URL`. */
  readonly url: string
  /** All that runs, to be told of where it ends by itself. */
  readonly programs: readonly Program[]
  /** Resolves once it answers. */
  start(): Promise<void>
  /** A connection of the trial's own to where the writes go, for as long as the work takes. */
  withRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T>
  /** Ends all that runs. */
  close(): Promise<void>
}
