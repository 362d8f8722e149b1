import { CodedError } from '../errors.ts'
import { limits } from '../wire/limits.ts'
import type { ChannelId, Epoch, PostId } from '../wire/scalars.ts'
import type { Redis } from './connection.ts'
import type { IndexWords } from './fold.ts'
import { channelKeys } from './keys.ts'
import type { Once } from './log.ts'
import type { Envelope, StoredChannel, StoredPost } from './row.ts'
import { parseEnvelope } from './row.ts'
import { newEpoch, type Scripts } from './scripts.ts'

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
  readonly type: string
  readonly indexes: IndexWords
  readonly nowMs: number
  readonly once: Once
}

export interface Done {
  readonly kind: 'done' | 'repeat'
  readonly epoch: Epoch
  readonly envelope: Envelope
  /** Names the history of the server that has it; replicas confirm the write by that. */
  readonly history: string
  readonly rowId: PostId | ''
  /** The row as it was committed, without its envelope. */
  readonly json: string
}

export type Committed = Done | { readonly kind: 'stale'; readonly version: number }

/** Commits a change by `lua/write.lua`. Throws what is wrong with it; that others were faster is an outcome. */
export async function commit(options: WriterOptions, change: Commit): Promise<Committed> {
  const { prefix, changesMax } = options
  const { channel, once } = change
  const keys = channelKeys(prefix, channel)
  const names = Object.keys(change.indexes)
  const json = JSON.stringify(change.stored)
  const reply = await options.scripts.write(
    [keys.meta, keys.log, keys.rows, keys.once(once.key), keys.channels, ...names.map(keys.index)],
    [
      change.rowId,
      change.version,
      json,
      change.type,
      change.nowMs,
      once.fingerprint,
      limits.idempotencyMs,
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
    case 'done':
      return done('done', reply[1], reply[2], reply[3], change.rowId, json)
    case 'repeat':
      return done('repeat', reply[1], reply[2], reply[3], reply[4], reply[5])
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

/** Reads `<fingerprint> <envelope> <row id> <json>`, which `lua/write.lua` keeps of a write. */
export function answered(text: string, once: Once, { epoch, history }: Pick<Done, 'epoch' | 'history'>): Done {
  const start = text.indexOf('{')
  const [fingerprint, ...envelope] = text.slice(0, start - 1).split(' ')
  if (fingerprint !== once.fingerprint) throw keyReused()
  return done('repeat', epoch, envelope.join(' '), history, envelope[5] ?? '', text.slice(start))
}

function done(
  kind: 'done' | 'repeat',
  epoch: string,
  envelope: string,
  history: string,
  rowId: string,
  json: string,
): Done {
  const place = { epoch: epoch as Epoch, envelope: parseEnvelope(envelope), history, rowId: rowId as PostId | '' }
  return { kind, ...place, json }
}

export const unknownChannel = (id: string) =>
  new CodedError('unknown-channel', `There is no channel "${id}". Create it with POST /v1/channels.`)
export const channelExists = (id: string) =>
  new CodedError('channel-exists', `The channel "${id}" exists. Change it with PATCH /v1/channels/${id}.`)
const keyReused = () =>
  new CodedError('key-reused', 'This Idempotency-Key was used for another request. Use a new key for a new write.')
