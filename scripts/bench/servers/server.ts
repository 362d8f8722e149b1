import type { Redis } from 'ioredis'
import type { Draft } from '../posts.ts'
import type { Speech } from '../swarm.ts'

export type ServerName = 'Wirecopy' | 'floor' | 'Nchan' | 'Socket.IO' | 'Socket.IO, Redis Streams'

export interface StartOptions {
  /** For files of its own; it is removed after the measure. */
  readonly folder: string
  readonly workers: number
}

/** A post that was answered with success. `offset` is where it stands in its channel. */
export interface Published {
  readonly offset: number
  /** From the call to the answer; null where the server gives none. */
  readonly ms: number | null
}

export interface RunningServer {
  readonly port: number
  readonly speech: Speech
  /** All its processes, children included, the store's not. */
  pids(): number[]
  storePids(): number[]
  /** Publishes into the channel that is followed, or into one that nobody follows. Throws where it is refused. */
  publish(draft: Draft, channel?: Channel): Promise<Published>
  /** For what only the store can tell; null where there is none. */
  withStore: (<T>(work: (redis: Redis) => Promise<T>) => Promise<T>) | null
  stop(): Promise<void>
}

export const channels = ['bench', 'quiet'] as const
export type Channel = (typeof channels)[number]

/** A server that can be measured. */
export interface ServerKind {
  readonly name: ServerName
  /** Gets what it needs, once. Throws where it can't be had. */
  prepare(): Promise<void>
  start(options: StartOptions): Promise<RunningServer>
}
