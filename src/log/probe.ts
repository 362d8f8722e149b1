import type { Position } from '../wire/cursor.ts'
import { limits } from '../wire/limits.ts'
import type { Epoch, Offset } from '../wire/scalars.ts'
import { type Redis, reached } from './connection.ts'
import { type ChannelKeys, probeKeys } from './keys.ts'
import { parseEnvelope } from './row.ts'
import { newEpoch, type Scripts } from './scripts.ts'

/** The probe's keys expire this long after its process ended, and are told so this often while it runs. */
const ttlMs = 60_000
const renewEveryMs = 20_000
/** It may find its log gone, then its row at another version. */
const triesMax = 4
const rowId = 'probe'
/** Entries that its log keeps. */
const changesMax = 100

export interface ProbeOptions {
  readonly redis: Redis
  readonly scripts: Scripts
  readonly prefix: string
  readonly partition: number
  readonly processId: string
}

/**
 * A log of the process's own, with the keys of a channel's log. It is written and read by the scripts that write and read
 * posts, so it shows whether they can be. It has one row, and few entries.
 */
export class Probe {
  readonly #redis: Redis
  readonly #scripts: Scripts
  readonly #keys: ChannelKeys
  #version = 0
  #writes = 0
  #renewedAt = Number.NEGATIVE_INFINITY

  constructor({ redis, scripts, prefix, partition, processId }: ProbeOptions) {
    this.#redis = redis
    this.#scripts = scripts
    this.#keys = probeKeys(prefix, partition, processId)
  }

  /** The stream that gets the entries. */
  get logKey(): string {
    return this.#keys.log
  }

  /**
   * Writes the row again, as a post is edited, by an entry past that offset. Returns where it stands. Not to be called while
   * it runs.
   */
  async write(past: Offset): Promise<Position> {
    for (let tries = 0; tries < triesMax; tries++) {
      const reply = await this.#commit()
      if (reply[0] === 'stale') {
        this.#version = reply[1]
      } else if (reply[0] === 'done') {
        const { version, offset } = parseEnvelope(reply[3])
        this.#version = version
        // A server that took over may lack the end; nobody would be woken by offsets that were seen already.
        if (offset <= past) await this.#begin(past)
        else {
          await this.#renew()
          return { epoch: reply[1] as Epoch, offset }
        }
      } else if (reply[0] === 'no-channel') {
        await this.#begin(past)
      } else {
        throw new Error(`the probe could not be written: ${reply[0]}`)
      }
    }
    throw new Error('the probe could not be written: something else writes to it')
  }

  /**
   * Reads the change that was written, as posts are read. Throws if it is not there. Each channel that is followed for the
   * first time writes as well, so the log may have been trimmed past it by now: then it was there.
   */
  async requireChange({ epoch, offset }: Position): Promise<void> {
    const { meta, log, rows } = this.#keys
    const reply = await this.#scripts.read([meta, log, rows], [epoch, offset - 1, 1, limits.batchBytesMax, newEpoch()])
    if (reply[0] === 'too-old') return
    if (reply[0] !== 'batch' || reply[2] < offset) throw new Error(`the probe could not be read: ${reply[0]}`)
  }

  async #commit() {
    const { meta, log, rows, writes, channels, index } = this.#keys
    const { records, order } = writes('probe')
    const [rowsMax, recordsMax] = [1, 1]
    const remembered = [`w${++this.#writes}`, 'probe', ttlMs, recordsMax]
    return await this.#scripts.write(
      [meta, log, rows, records, order, channels, index('order')],
      [
        rowId,
        this.#version,
        '{}',
        'probe',
        Date.now(),
        ...remembered,
        changesMax,
        rowsMax,
        newEpoch(),
        0,
        rowId,
        'touch',
      ],
    )
  }

  /** Begins the log, or has it go on, at an offset: those who wait for its entries wait past that. */
  async #begin(at: Offset): Promise<void> {
    const state = { epoch: newEpoch(), head: at, floor: at, lastAt: 0 }
    await reached(this.#redis.hset(this.#keys.meta, state))
    this.#renewedAt = Number.NEGATIVE_INFINITY
  }

  async #renew(): Promise<void> {
    const now = performance.now()
    if (now - this.#renewedAt < renewEveryMs) return
    const { meta, log, rows, index } = this.#keys
    const keys = [meta, log, rows, index('order')]
    await reached(Promise.all(keys.map((key) => this.#redis.pexpire(key, ttlMs))))
    this.#renewedAt = now
  }
}
