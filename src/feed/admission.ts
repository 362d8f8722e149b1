import { getHeapStatistics } from 'node:v8'
import type { Config } from '../config.ts'
import { type Asking, clientAddresses } from '../connections/client-address.ts'
import { openFilesMax } from '../connections/open-files.ts'
import { RateWindows } from '../connections/rate-windows.ts'
import { CodedError } from '../errors.ts'

/** Why a follower was turned away; the metric's labels. */
const refusalReasons = ['stopping', 'connections', 'address', 'rate', 'origin', 'events', 'flood', 'backlog'] as const
type RefusalReason = (typeof refusalReasons)[number]

/** What a follower's connection is reckoned to take of the heap, with what is on its way to it. */
const heapBytesPerConnection = 100_000
/** The other files are for pages, polls and Redis, and for the second connection that long polling opens at times. */
const filesShareOfFollowers = 0.75
/** Among several workers a poll may take three files: its connection, and both ends of the one by which it is sent on. */
const filesShareAmongWorkers = 0.25
/**
 * Sessions that an address may begin in a minute, for each connection that it may have: after an outage all its readers
 * come back at once, and some begin twice.
 */
const sessionsPerConnection = 3
const sessionsWindowMs = 60_000
/** Addresses whose sessions are counted at a time. */
const sessionsCountedMax = 20_000
/** How long those who were turned away are to wait. */
const stoppingRetrySeconds = 2
const fullRetrySeconds = 10

/** Decides who may follow here, before a connection costs memory, and counts those who may not. */
export class Admission {
  readonly #max: number
  readonly #perAddressMax: number
  readonly #addressOf: (asking: Asking) => string
  /** Sites whose pages may follow; null: all. */
  readonly #origins: ReadonlySet<string> | null
  readonly #sessions = new RateWindows(sessionsWindowMs, sessionsCountedMax)
  readonly #byAddress = new Map<string, number>()
  readonly #refused = new Map<RefusalReason, number>(refusalReasons.map((reason) => [reason, 0]))
  #open = 0
  #stopping = false

  constructor(config: Pick<Config, ConfigOfAdmission>) {
    this.#max = config.CONNECTIONS_MAX ?? connectionsMaxHere(config.WORKERS)
    this.#perAddressMax = config.RATE_LIMIT ? config.CONNECTIONS_PER_ADDRESS_MAX : Number.POSITIVE_INFINITY
    this.#addressOf = clientAddresses(config.TRUST_PROXY)
    this.#origins = originsOf(config)
  }

  /** Refusals since the start. */
  get refused(): ReadonlyMap<RefusalReason, number> {
    return this.#refused
  }

  /** Nobody is let in from now on. */
  stop(): void {
    this.#stopping = true
  }

  note(reason: RefusalReason): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
  }

  /** Throws `not-ready` where the process is stopping. */
  requireOpen(): void {
    if (!this.#stopping) return
    this.note('stopping')
    throw refusal('not-ready', 'The process is stopping. Open a new connection, and follow there.', {
      retrySeconds: stoppingRetrySeconds,
      extras: { reason: 'stopping' },
    })
  }

  /**
   * Throws `not-ready`, `foreign-origin`, `overloaded`, `too-many-connections` or `too-many-requests` if the connection is
   * not let in.
   */
  requireRoom(request: Asking): void {
    this.requireOpen()
    this.requireOrigin(request)
    if (this.#open >= this.#max) {
      this.note('connections')
      throw refusal('overloaded', `There are ${this.#max} connections here, the most there may be. Try again later.`)
    }
    const address = this.addressOf(request)
    if ((this.#byAddress.get(address) ?? 0) >= this.#perAddressMax) {
      this.note('address')
      throw refusal(
        'too-many-connections',
        `There are ${this.#perAddressMax} connections from this address, the most there may be. Close some, or poll.`,
      )
    }
    this.#requireRate(address)
  }

  /** Counts a session that begins. Throws `too-many-requests` if the address begins too many in a minute. */
  #requireRate(address: string): void {
    if (this.#perAddressMax === Number.POSITIVE_INFINITY) return
    const max = sessionsPerConnection * this.#perAddressMax
    const waitMs = this.#sessions.take(address, max)
    if (waitMs === 0) return
    this.note('rate')
    throw refusal('too-many-requests', `More than ${max} connections were opened from this address in a minute.`, {
      retrySeconds: Math.ceil(waitMs / 1_000),
    })
  }

  /** Browsers hold other sites' pages to CORS, but not where they open a websocket. What is no browser names no origin. */
  requireOrigin({ headers: { origin, host } }: Asking): void {
    if (this.#origins === null || origin === undefined || this.#origins.has(origin)) return
    // The site's own page, behind a proxy that ends TLS as well.
    if (URL.canParse(origin) && new URL(origin).host === host) return
    this.note('origin')
    throw new CodedError(
      'foreign-origin',
      'Pages of this site may not follow here. The operator can name it in CORS_ORIGINS.',
    )
  }

  /** Counts a connection from the address, until `leave` is called for it. */
  enter(address: string): void {
    this.#open++
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1)
  }

  leave(address: string): void {
    this.#open--
    const others = (this.#byAddress.get(address) ?? 1) - 1
    if (others > 0) this.#byAddress.set(address, others)
    else this.#byAddress.delete(address)
  }

  /** The same address as Fastify's `request.ip`. If nothing goes by it, it is not looked up, and is empty. */
  addressOf(request: Asking): string {
    return this.#perAddressMax === Number.POSITIVE_INFINITY ? '' : this.#addressOf(request)
  }
}

type ConfigOfAdmission =
  | ('CONNECTIONS_MAX' | 'CONNECTIONS_PER_ADDRESS_MAX' | 'RATE_LIMIT' | 'TRUST_PROXY' | 'WORKERS')
  | ('CORS_ORIGINS' | 'PUBLIC_URL')

function originsOf({ CORS_ORIGINS, PUBLIC_URL }: Pick<Config, 'CORS_ORIGINS' | 'PUBLIC_URL'>): Set<string> | null {
  if (CORS_ORIGINS === '*') return null
  return new Set([...CORS_ORIGINS, ...(PUBLIC_URL === undefined ? [] : [new URL(PUBLIC_URL).origin])])
}

/** What this process can hold, by the files that it may open and the heap that it may fill. */
function connectionsMaxHere(workers: number): number {
  const share = workers === 1 ? filesShareOfFollowers : filesShareAmongWorkers
  const byHeap = Math.floor(getHeapStatistics().heap_size_limit / heapBytesPerConnection)
  return Math.max(1, Math.min(byHeap, Math.floor(openFilesMax() * share)))
}

/** Headers do not reach everyone who is told over a socket, so the time to wait is a member of the problem as well. */
function refusal(
  code: 'not-ready' | 'overloaded' | 'too-many-connections' | 'too-many-requests',
  detail: string,
  { retrySeconds = fullRetrySeconds, extras = {} }: { retrySeconds?: number; extras?: object } = {},
): CodedError {
  return new CodedError(code, detail, {
    extras: { ...extras, retryAfterMs: retrySeconds * 1_000 },
    retryAfterSeconds: retrySeconds,
  })
}
