import { SingleRedis } from './single-redis.ts'
import type { Store } from './store.ts'

/** What a fault's stage is built of. */
export interface Setting<S extends Store = Store> {
  /** Makes the store; its data and sockets go into the folder, which goes with the stage. */
  store(folder: string): S | Promise<S>
  /** Variables for the nodes, besides those that each node gets. */
  readonly nodeEnv?: Readonly<Record<string, string>>
  /** Variables for the first node alone, whose files go into the folder. */
  firstNodeEnv?(folder: string): Readonly<Record<string, string>>
  /** The channels that share the load. Default: one. */
  readonly channels?: readonly string[]
  /** Changes that a channel's log keeps. Default: as many as a server keeps that is not told. */
  readonly logChanges?: number
  /** Whether followers and publishers reach each node through a link. */
  readonly linked?: boolean
  /** How long a follower that left stays away at most. */
  readonly awayMsMax?: number
}

/** Two nodes that share one redis-server, as they come. */
export const plain: Setting<SingleRedis> = { store: (folder) => new SingleRedis(folder) }
