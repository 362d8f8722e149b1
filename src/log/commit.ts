import { createHash, randomBytes } from 'node:crypto'
import { CodedError } from '../errors.ts'
import { limits } from '../wire/limits.ts'
import type { ChannelId, Epoch, PostId } from '../wire/scalars.ts'
import type { Redis } from './connection.ts'
import type { IndexWords } from './fold.ts'
import { type ChannelKeys, channelKeys } from './keys.ts'
import type { Once } from './log.ts'
import type { Row, StoredChannel, StoredPost } from './row.ts'
import { parseEnvelope, parseRow } from './row.ts'
import { newEpoch, type RepeatReply, type Scripts } from './scripts.ts'

export interface WriterOptions {
  readonly redis: Redis
  readonly scripts: Scripts
  readonly prefix: string
  readonly publicUrl: string
  /** Changes a channel's log keeps. */
  readonly changesMax: number
  /** Has replicas confirm what was written in a history. Throws `unavailable` where they don't. */
  readonly confirm: (channel: ChannelId, history: string) => Promise<void>
}

/** One change of a row, as it is to be committed. */
export interface Commit {
  readonly channel: ChannelId
  readonly rowId: PostId | ''
  /** Version that was read; 0 for a new row. */
  readonly version: number
  readonly stored: StoredPost | StoredChannel
  /** `none`: the row is already as the write wants it, which is remembered as a write is. */
  readonly type: string
  readonly indexes: IndexWords
  readonly nowMs: number
  readonly once: Once
}

export interface Done {
  readonly kind: 'done' | 'repeat'
  readonly epoch: Epoch
  /** Names the history of the server that has it; replicas confirm the write by that. */
  readonly history: string
  readonly rowId: PostId | ''
  /** The row as it stands: of a repetition, with all changes since. */
  readonly row: Row<StoredPost | StoredChannel>
}

export type Committed = Done | { readonly kind: 'stale'; readonly version: number }

/** How a write is remembered. */
export interface Remembered {
  readonly records: string
  readonly order: string
  readonly name: string
  readonly fingerprint: string
  readonly rememberMs: number
  readonly recordsMax: number
}

/** A write without a key is known only to a connection that sends it again, and so need not be remembered for long. */
const unnamedMs = 300_000
const unnamedRecordsMax = 1_000
/** 132 bits of a hash: names and fingerprints are compared with those of the same holder only. */
const hashChars = 22

export function rememberedBy({ holder, key, fingerprint }: Once, keys: ChannelKeys): Remembered {
  const mark = fingerprint.slice(0, hashChars)
  if (key === null) {
    const name = randomBytes(12).toString('base64url')
    const times = { rememberMs: unnamedMs, recordsMax: unnamedRecordsMax }
    return { ...keys.writes(`${holder}:unnamed`), name, fingerprint: mark, ...times }
  }
  // Of a length that does not depend on the client.
  const name = createHash('sha256').update(key).digest('base64url').slice(0, hashChars)
  const times = { rememberMs: limits.idempotencyMs, recordsMax: limits.idempotencyRecordsMax }
  return { ...keys.writes(holder), name, fingerprint: mark, ...times }
}

/** Commits a change by `lua/write.lua`. Throws what is wrong with it; that others were faster is an outcome. */
export async function commit(options: WriterOptions, change: Commit): Promise<Committed> {
  const { prefix, changesMax } = options
  const { channel } = change
  const keys = channelKeys(prefix, channel)
  const { records, order, name, fingerprint, rememberMs, recordsMax } = rememberedBy(change.once, keys)
  const names = Object.keys(change.indexes)
  const reply = await options.scripts.write(
    [keys.meta, keys.log, keys.rows, records, order, keys.channels, ...names.map(keys.index)],
    [
      change.rowId,
      change.version,
      JSON.stringify(change.stored),
      change.type,
      change.nowMs,
      name,
      fingerprint,
      rememberMs,
      recordsMax,
      changesMax,
      // The channel's own row is one of them.
      limits.postsPerChannelMax + 1,
      newEpoch(),
      limits.channelsPerPartitionMax,
      channel,
      ...Object.values(change.indexes),
    ],
  )
  switch (reply[0]) {
    case 'done': {
      const row = { ...parseEnvelope(reply[3]), stored: change.stored }
      return { kind: 'done', epoch: reply[1] as Epoch, history: reply[2], rowId: change.rowId, row }
    }
    case 'repeat':
      return repeated(reply)
    case 'stale':
      return { kind: 'stale', version: reply[1] }
    case 'reused':
      throw keyReused()
    case 'exists':
      throw channelExists(channel)
    case 'no-channel':
      throw unknownChannel(channel)
    case 'rows-full':
      throw new CodedError(
        'channel-full',
        `A channel takes ${limits.postsPerChannelMax} posts; go on in a new channel.`,
      )
    case 'channels-full':
      throw new CodedError('too-many-channels', 'No more channels fit here; use one that exists.')
    case 'index-full':
      throw new CodedError('too-many-pins', `A channel takes ${limits.pinnedMax} pinned posts; unpin one first.`)
  }
}

/** A write that was made before. Throws `unknown-post` if what it wrote is there no more. */
export function repeated([, epoch, history, rowId, row]: RepeatReply): Done {
  if (row === '') throw unknownPost(rowId)
  return { kind: 'repeat', epoch: epoch as Epoch, history, rowId: rowId as PostId | '', row: parseRow(row) }
}

export const unknownChannel = (id: string) =>
  new CodedError('unknown-channel', `There is no channel "${id}". Create it with POST /v1/channels.`)
export const channelExists = (id: string) =>
  new CodedError('channel-exists', `The channel "${id}" exists. Change it with PATCH /v1/channels/${id}.`)
export const unknownPost = (id: string) => new CodedError('unknown-post', `There is no post "${id}" in this channel.`)
export const keyReused = () =>
  new CodedError('key-reused', 'This Idempotency-Key was used for another request. Use a new key for a new write.')
