import { readFileSync } from 'node:fs'
import type { Redis, Result } from 'ioredis'
import { reached } from './connection.ts'

declare module 'ioredis' {
  // The names of type parameters must be the ones that ioredis declares.
  interface RedisCommander<Context> {
    wirecopyWrite(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>
    wirecopyRead(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>
    wirecopyPage(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>
  }
}

/** Every answer of `lua/write.lua`. */
type WriteReply =
  | ['done', epoch: string, offset: number, envelope: string]
  | ['repeat', epoch: string, envelope: string, rowId: string, row: string]
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
  write(keys: readonly string[], args: readonly (string | number)[]): Promise<WriteReply>
  read(keys: readonly string[], args: readonly (string | number)[]): Promise<ReadReply>
  page(keys: readonly string[], args: readonly (string | number)[]): Promise<PageReply>
}

/** Gives the connection its three scripts. Each is sent by its hash, and whole where Redis has forgotten it. */
export function scriptsOf(redis: Redis): Scripts {
  redis.defineCommand('wirecopyWrite', { lua: source('write') })
  redis.defineCommand('wirecopyRead', { lua: source('read') })
  redis.defineCommand('wirecopyPage', { lua: source('page') })
  return {
    write: async (keys, args) => (await reached(redis.wirecopyWrite(keys.length, ...keys, ...args))) as WriteReply,
    read: async (keys, args) => (await reached(redis.wirecopyRead(keys.length, ...keys, ...args))) as ReadReply,
    page: async (keys, args) => (await reached(redis.wirecopyPage(keys.length, ...keys, ...args))) as PageReply,
  }
}

function source(name: string): string {
  return readFileSync(new URL(`lua/${name}.lua`, import.meta.url), 'utf8')
}
