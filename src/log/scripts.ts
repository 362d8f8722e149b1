import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Result } from 'ioredis'
import type { Epoch } from '../wire/scalars.ts'
import { type Redis, reached } from './connection.ts'

declare module 'ioredis' {
  // The names of type parameters must be the ones that ioredis declares.
  interface RedisCommander<Context> {
    wirecopyHead(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>
    wirecopyBefore(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>
    wirecopyWrite(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>
    wirecopyRead(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>
    wirecopyPage(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>
  }
}

/** Every answer of `lua/head.lua`. */
type HeadReply = ['head', epoch: string, head: number, history: string] | ['no-channel']

/** What both scripts of a write answer to its repetition. `row` is empty if there is none any more. */
export type RepeatReply = ['repeat', epoch: string, history: string, rowId: string, row: string]

/** Every answer of `lua/before.lua`. `row` is empty if there is none. */
type BeforeReply = ['before', epoch: string, history: string, row: string] | RepeatReply | ['reused' | 'no-channel']

/** Every answer of `lua/write.lua`. */
type WriteReply =
  | ['done', epoch: string, history: string, envelope: string]
  | RepeatReply
  | ['stale', version: number]
  | ['reused' | 'exists' | 'no-channel' | 'rows-full' | 'channels-full' | 'index-full']

/** Every answer of `lua/read.lua`. `changes` is flat: offset, type, row id, at … */
type ReadReply =
  | ['batch', epoch: string, to: number, head: number, changes: (string | number)[], rows: string[]]
  | ['epoch' | 'too-old' | 'ahead' | 'no-channel']

/** Every answer of `lua/page.lua`. `rows` and `pinned` are flat: post id, row … */
type PageReply =
  | ['page', epoch: string, head: string, channel: string, rows: string[], token: string, pinned: string[]]
  | ['no-channel']

export interface Scripts {
  head(keys: readonly string[], args: readonly (string | number)[]): Promise<HeadReply>
  before(keys: readonly string[], args: readonly (string | number)[]): Promise<BeforeReply>
  write(keys: readonly string[], args: readonly (string | number)[]): Promise<WriteReply>
  read(keys: readonly string[], args: readonly (string | number)[]): Promise<ReadReply>
  page(keys: readonly string[], args: readonly (string | number)[]): Promise<PageReply>
}

/** Gives the connection its scripts. Each is sent by its hash, and whole where Redis has forgotten it. */
export function scriptsOf(redis: Redis): Scripts {
  redis.defineCommand('wirecopyHead', { lua: source('head') })
  redis.defineCommand('wirecopyBefore', { lua: source('records', 'before') })
  redis.defineCommand('wirecopyWrite', { lua: source('records', 'write') })
  redis.defineCommand('wirecopyRead', { lua: source('read') })
  redis.defineCommand('wirecopyPage', { lua: source('page') })
  return {
    head: async (keys, args) => (await reached(redis.wirecopyHead(keys.length, ...keys, ...args))) as HeadReply,
    before: async (keys, args) => (await reached(redis.wirecopyBefore(keys.length, ...keys, ...args))) as BeforeReply,
    write: async (keys, args) => (await reached(redis.wirecopyWrite(keys.length, ...keys, ...args))) as WriteReply,
    read: async (keys, args) => (await reached(redis.wirecopyRead(keys.length, ...keys, ...args))) as ReadReply,
    page: async (keys, args) => (await reached(redis.wirecopyPage(keys.length, ...keys, ...args))) as PageReply,
  }
}

/** A word for a log that is born, or whose server has another history. */
export function newEpoch(): Epoch {
  return randomBytes(6).toString('base64url') as Epoch
}

/** Each script begins with what all of them ask first: whether the server has the history that the channel is of. */
function source(...names: readonly string[]): string {
  return ['history', ...names].map((part) => readFileSync(new URL(`lua/${part}.lua`, import.meta.url), 'utf8')).join('')
}
