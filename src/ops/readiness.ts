import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Log } from '../log/log.ts'

const probeEveryMs = 1_000
/** A probe that takes longer than this means that posts would, too. */
const probeLateMs = 3_000

export type NotReady = 'starting' | 'probe-late' | 'stopping'

/**
 * Whether posts reach followers: a probe must be written by the script that writes posts, come back by the tail that wakes
 * the feeds, and be read by the script that reads posts. Nothing else makes a process ready, however well its parts look.
 */
export class Readiness {
  readonly #log: Log
  readonly #logger: Logger
  readonly #stop = new AbortController()
  readonly #probing: Promise<void>
  #reason: NotReady | null = 'starting'
  #probeMs: number | null = null
  #changed: (ready: boolean) => void = () => undefined

  constructor(log: Log, logger: Logger) {
    this.#log = log
    this.#logger = logger
    this.#probing = this.#probe()
  }

  get ready(): boolean {
    return this.#reason === null
  }

  get reason(): NotReady | null {
    return this.#reason
  }

  /** Calls `changed` whenever it becomes ready, and whenever a probe is late; not when the process stops. */
  onChange(changed: (ready: boolean) => void): void {
    this.#changed = changed
  }

  /** How long the last probe took, in milliseconds; null where it did not come back. */
  get probeMs(): number | null {
    return this.#probeMs
  }

  /** Not ready from now on: the process is to be sent nobody new. */
  stopping(): void {
    this.#reason = 'stopping'
    this.#stop.abort()
  }

  async close(): Promise<void> {
    this.stopping()
    await this.#probing
  }

  async #probe(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        this.#probeMs = await this.#log.tail.echo(probeLateMs)
        this.#set(null)
      } catch (error) {
        this.#probeMs = null
        this.#set('probe-late', error)
      }
      await delay(probeEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  #set(reason: NotReady | null, error?: unknown): void {
    if (this.#stop.signal.aborted || this.#reason === reason) return
    const was = this.#reason
    this.#reason = reason
    this.#changed(reason === null)
    if (reason === null) this.#logger.info({ was }, 'ready: posts reach followers')
    else this.#logger.error({ reason, error: String(error) }, 'not ready: posts may not reach followers')
  }
}
