import { Cluster } from 'ioredis'
import type { Logger } from 'pino'
import { CodedError } from '../errors.ts'
import type { ChannelId } from '../wire/scalars.ts'
import { Coalesced } from './coalesce.ts'
import { connectForCommands, type Redis } from './connection.ts'
import { channelKeys, partitionChannels } from './keys.ts'

export interface ReplicasOptions {
  readonly redisUrl: string
  readonly prefix: string
  readonly processId: string
  /** Replicas that must have a write before it is acknowledged. */
  readonly replicasMin: number
  readonly logger: Logger
}

/** How long replicas have to confirm, in milliseconds. */
const confirmMsMax = 1_000

/** What one round of asking found: on which history, and how many replicas have all of it. */
interface Round {
  readonly history: string
  readonly replicas: number
}

/** Names the history of the server that runs it, which the WAIT after it is about. */
const historyScript = "return string.match(redis.call('INFO', 'replication'), '\\nmaster_replid:(%w+)')"

/**
 * Has replicas confirm what was written, before it is acknowledged. WAIT counts the replicas that have all that the
 * primary had when its connection last sent a command, so one round confirms every write made before it, by whatever
 * connection; and it has a connection of its own, since nothing else can pass while it waits.
 *
 * A primary that took over meanwhile may lack the write, and would say that its own replicas have all. So a round counts
 * only where the server's history is the one in which the write was made.
 */
export class Replicas {
  readonly #options: ReplicasOptions
  readonly #redis: Redis
  readonly #rounds = new Map<string, Coalesced<Round>>()
  #failures = 0

  constructor(options: ReplicasOptions) {
    const { redisUrl, processId, logger } = options
    this.#options = options
    this.#redis = connectForCommands(redisUrl, `wirecopy:${processId}:replicas`, logger)
  }

  /** Writes since the start that too few replicas confirmed. */
  get failures(): number {
    return this.#failures
  }

  connect(): Promise<void> {
    return this.#redis.connect()
  }

  /** Throws `unavailable` where too few replicas confirm what was written to the channel in that history. */
  async confirm(channel: ChannelId, history: string): Promise<void> {
    const { prefix, replicasMin } = this.#options
    const partition = this.#redis instanceof Cluster ? channelKeys(prefix, channel).partition : 0
    const round = await this.#round(partitionChannels(prefix, partition)).catch(() => null)
    if (round !== null && round.history === history && round.replicas >= replicasMin) return
    this.#failures++
    throw new CodedError(
      'unavailable',
      `Fewer than ${replicasMin} replicas confirmed the change within ${confirmMsMax} ms. It may stand, or be lost with ` +
        'the primary: send it again with the same Idempotency-Key.',
      { retryAfterSeconds: 1 },
    )
  }

  close(): void {
    this.#redis.disconnect()
  }

  /** A round on the server that has the key; whoever asks while one is under way shares the next one. */
  #round(key: string): Promise<Round> {
    const rounds = this.#rounds.get(key) ?? new Coalesced(() => this.#ask(key))
    this.#rounds.set(key, rounds)
    return rounds.get()
  }

  async #ask(key: string): Promise<Round> {
    const { replicasMin } = this.#options
    const [named, waited] =
      (await this.#redis.pipeline().eval(historyScript, 1, key).wait(replicasMin, confirmMsMax).exec()) ?? []
    const error = named?.[0] ?? waited?.[0]
    if (error) throw error
    return { history: String(named?.[1]), replicas: Number(waited?.[1]) }
  }
}
