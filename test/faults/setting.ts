import { SingleRedis } from './single-redis.ts'
import type { Store } from './store.ts'

/** What a fault's stage is built of. */
export interface Setting<S extends Store = Store> {
  /** Makes the store; its data and sockets go into the folder, which goes with the stage. */
  store(folder: string): S
  /** Variables for the nodes, besides those that each node gets. */
  readonly nodeEnv?: Readonly<Record<string, string>>
}

/** Two nodes that share one redis-server, as they come. */
export const plain: Setting<SingleRedis> = { store: (folder) => new SingleRedis(folder) }
