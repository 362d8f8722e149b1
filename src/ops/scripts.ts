import { readFileSync } from 'node:fs'
import type { Result } from 'ioredis'
import { type Redis, reached } from '../log/connection.ts'

declare module 'ioredis' {
  // The names of type parameters must be the ones that ioredis declares.
  interface RedisCommander<Context> {
    wirecopyReport(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>
    wirecopyLeave(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>
    wirecopyStanding(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>
  }
}

/** The answer of `lua/standing.lua`. `processes` is flat, six values for each. */
type StandingReply = [now: number, processes: (string | number)[], samples: string[]]

export interface OpsScripts {
  /** Resolves with how many processes are lost and have no successor. */
  report(keys: readonly string[], args: readonly (string | number)[]): Promise<number>
  leave(keys: readonly string[], args: readonly (string | number)[]): Promise<void>
  standing(keys: readonly string[], args: readonly (string | number)[]): Promise<StandingReply>
}

/** Gives the connection the registry's scripts. Each is sent by its hash, and whole where Redis has forgotten it. */
export function opsScriptsOf(redis: Redis): OpsScripts {
  redis.defineCommand('wirecopyReport', { lua: source('report') })
  redis.defineCommand('wirecopyLeave', { lua: source('leave') })
  redis.defineCommand('wirecopyStanding', { lua: source('standing') })
  return {
    report: async (keys, args) => (await reached(redis.wirecopyReport(keys.length, ...keys, ...args))) as number,
    leave: async (keys, args) => {
      await reached(redis.wirecopyLeave(keys.length, ...keys, ...args))
    },
    standing: async (keys, args) =>
      (await reached(redis.wirecopyStanding(keys.length, ...keys, ...args))) as StandingReply,
  }
}

/** Each script begins with the registry's clock. */
function source(name: string): string {
  return ['clock', name].map((part) => readFileSync(new URL(`lua/${part}.lua`, import.meta.url), 'utf8')).join('')
}
