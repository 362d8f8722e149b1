import { randomFillSync } from 'node:crypto'

const secretBytes = 15
const secretsAtOnce = 256

/**
 * Names for Socket.IO sessions. A proxy finds the node by what stands before the first dot, and the node finds the worker
 * by what stands between it and the first dash; the rest can't be guessed. A worker that is started again makes other
 * ids, and does not know those of the one before it.
 */
export class SessionIds {
  readonly #node: string
  readonly #worker: number
  readonly #count: number
  readonly #pool = Buffer.alloc(secretBytes * secretsAtOnce)
  #at = this.#pool.length

  constructor(node: string, worker: number, count: number) {
    this.#node = node
    this.#worker = worker
    this.#count = count
  }

  make(): string {
    const secret = this.#secret()
    return this.#count === 1 ? `${this.#node}.${secret}` : `${this.#node}.${this.#worker}-${secret}`
  }

  /** A call for many costs about what a call for one does, and every connection takes two. */
  #secret(): string {
    if (this.#at === this.#pool.length) {
      randomFillSync(this.#pool)
      this.#at = 0
    }
    const secret = this.#pool.toString('base64url', this.#at, this.#at + secretBytes)
    this.#at += secretBytes
    return secret
  }

  /** The other worker of this node that has the session; null where it is this one's, or of no worker. */
  otherWorkerOf(id: string): number | null {
    const start = `${this.#node}.`
    if (!id.startsWith(start)) return null
    const digits = /^(\d{1,4})-/.exec(id.slice(start.length))?.[1]
    if (digits === undefined) return null
    const worker = Number(digits)
    return worker === this.#worker || worker >= this.#count ? null : worker
  }
}
