import { Audience } from './audience.ts'
import { Desk } from './desk.ts'
import { readFinal } from './final.ts'
import { judge, type Standing, type Verdict } from './judge.ts'
import { adminKey } from './node.ts'
import type { Stage } from './stage.ts'
import { until } from './until.ts'

export interface CoverageOptions {
  readonly channel: string
  readonly followers: number
  /** Writes a second. */
  readonly rate: number
  /** How long a follower that left stays away at most. */
  readonly awayMsMax?: number | undefined
}

/** One channel under load: who writes to it, and who follows it. */
export class Coverage {
  readonly audience: Audience
  readonly desk: Desk
  readonly #stage: Stage
  readonly #options: CoverageOptions

  constructor(stage: Stage, options: CoverageOptions) {
    const { channel, rate, awayMsMax } = options
    const node = () => stage.anyNode()
    this.#stage = stage
    this.#options = options
    this.audience = new Audience({ channel, node }, awayMsMax)
    this.desk = new Desk({ channel, adminKey, node, rate })
  }

  /** Resolves once everybody follows and the writing has begun. */
  async begin(): Promise<void> {
    const { audience, desk } = this
    await audience.gather(this.#options.followers)
    await until('everybody follows', () => audience.witnesses.every(({ cursor }) => cursor !== null))
    desk.start()
    audience.startChurn()
  }

  /** Whether all who are here hold the first write that was asked for after this moment. */
  isWholeSince(sinceMs: number): boolean {
    const write = this.desk.acknowledged.find(({ askedMs }) => askedMs >= sinceMs)
    return write !== undefined && this.audience.short(write.epoch, write.offset) === 0
  }

  /** Ends the writing. Resolves once everybody holds the log; throws where they don't. */
  async end(): Promise<void> {
    const { audience, desk } = this
    await desk.stop()
    audience.endChurn()
    const { epoch, offset } = await readFinal([this.#stage.anyNode()], this.#options.channel, this.#stage.logChanges)
    await until('everybody holds the log', () => audience.short(epoch, offset) === 0)
  }

  async judge(standing: Standing): Promise<Verdict> {
    const final = await readFinal(
      this.#stage.nodes.map(({ url }) => url),
      this.#options.channel,
      this.#stage.logChanges,
    )
    return judge(this.desk, this.audience.witnesses, final, standing)
  }

  async close(): Promise<void> {
    await this.desk.stop()
    this.audience.close()
  }
}
