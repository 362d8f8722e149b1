import { createHash } from 'node:crypto'
import type { ChannelId } from '../wire/scalars.ts'

/**
 * Every key that Wirecopy has in Redis. All keys of a channel share a hash tag, so that a Redis Cluster keeps them in
 * one slot and each script stays whole; there are 16 tags, so that a process needs at most 16 blocking connections.
 *
 * | key | type | holds |
 * | --- | --- | --- |
 * | `<prefix>:{p}:channels` | sorted set | ids of the partition's channels, by time of creation |
 * | `<prefix>:{p}:c:<channel>:meta` | hash | `epoch`, `head`, `floor`, `lastAt` (ms); `history`, `run` of the server at the last write |
 * | `<prefix>:{p}:c:<channel>:log` | stream | `<offset>-0` → `t` type, `r` row id (empty: the channel), `a` at (ms) |
 * | `<prefix>:{p}:c:<channel>:rows` | hash | row id → `<version> <offset> <born> <bornAt> <at> <json>` |
 * | `<prefix>:{p}:c:<channel>:by:<index>` | sorted set | post ids, by offset: `order`, `pinned`, `key`, `tag:<tag>` |
 * | `<prefix>:{p}:c:<channel>:writes:<holder>` | hash | name of a write → `<at> <fingerprint> <row id>`, for its repetition |
 * | `<prefix>:{p}:c:<channel>:writes:<holder>:order` | list | these names, in the order in which they were recorded |
 * | `<prefix>:{p}:probe:<process>:…` | as of a channel | a log of the process's own, by which it finds that posts get through |
 * | `<prefix>:{keys}` | hash | API keys, hashed |
 * | `<prefix>:{ops}:clock` | hash | `now`: the registry's clock (ms); `wall`: that of Redis when it was read; `sampled` |
 * | `<prefix>:{ops}:seen` | sorted set | ids of the processes, by the registry's time of their last report |
 * | `<prefix>:{ops}:processes` | hash | id → `<wall> <followers> <replaced> <node>/<worker> <json>` |
 * | `<prefix>:{ops}:channels` | hash | id → what the process counts by channel, as JSON |
 * | `<prefix>:{ops}:places` | hash | `<node>/<worker>` → id of its process |
 * | `<prefix>:{ops}:followers` | list | `<registry's time> <sum of followers>`, every 5 s |
 */
export const partitions = 16

function partitionOf(channel: string): number {
  // The first byte of a hash spreads ids evenly, and any language can compute it again.
  return createHash('sha256').update(channel).digest().readUInt8(0) % partitions
}

export interface ChannelKeys {
  readonly partition: number
  readonly channels: string
  readonly meta: string
  readonly log: string
  readonly rows: string
  readonly index: (name: string) => string
  /** The writes of a key's holder that are remembered, and the order in which they were made. */
  readonly writes: (holder: string) => { readonly records: string; readonly order: string }
}

export function channelKeys(prefix: string, channel: ChannelId): ChannelKeys {
  const partition = partitionOf(channel)
  return logKeys(`${prefix}:{${partition}}:c:${channel}`, partition, partitionChannels(prefix, partition))
}

/** The keys of a process's own log in a partition. It is in no list of channels. */
export function probeKeys(prefix: string, partition: number, processId: string): ChannelKeys {
  const base = `${prefix}:{${partition}}:probe:${processId}`
  return logKeys(base, partition, `${base}:channels`)
}

function logKeys(base: string, partition: number, channels: string): ChannelKeys {
  return {
    partition,
    channels,
    meta: `${base}:meta`,
    log: `${base}:log`,
    rows: `${base}:rows`,
    index: (name) => `${base}:by:${name}`,
    writes: (holder) => ({ records: `${base}:writes:${holder}`, order: `${base}:writes:${holder}:order` }),
  }
}

export function partitionChannels(prefix: string, partition: number): string {
  return `${prefix}:{${partition}}:channels`
}

export function apiKeys(prefix: string): string {
  return `${prefix}:{keys}`
}

export interface OpsKeys {
  readonly clock: string
  readonly seen: string
  readonly processes: string
  readonly channels: string
  readonly places: string
  readonly followers: string
}

export function opsKeys(prefix: string): OpsKeys {
  const base = `${prefix}:{ops}`
  return {
    clock: `${base}:clock`,
    seen: `${base}:seen`,
    processes: `${base}:processes`,
    channels: `${base}:channels`,
    places: `${base}:places`,
    followers: `${base}:followers`,
  }
}
