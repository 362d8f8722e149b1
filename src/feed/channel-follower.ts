import type { ChannelId, Offset } from '../wire/scalars.ts'
import type { Carrier } from './carrier.ts'
import type { ChannelFeed, Follower, Transport } from './channel-feed.ts'
import type { Hub } from './hub.ts'
import type { Outgoing } from './outgoing.ts'
import type { Direct } from './slice-writer.ts'

/** Those who are sent away come back spread over this time. */
const comeBackSpreadMs = 5_000
/** A stock client does not know `steer`; its connection is closed after the spread, which makes it come back. */
const closeGraceMs = 2_000

/** A client, with all that it follows. */
export interface Client {
  readonly carrier: Carrier
  readonly hub: Hub
  /** An answer waits for the connection, which is to take nothing else before it. */
  readonly answerWaits: boolean
}

/** One channel that a client follows. */
export class ChannelFollower implements Follower {
  offset = 0 as Offset
  behindSince: number | null = null
  feed: ChannelFeed | null = null
  readonly channel: ChannelId
  readonly #client: Client

  constructor(channel: ChannelId, client: Client) {
    this.channel = channel
    this.#client = client
  }

  get transport(): Transport {
    return this.#client.carrier.transport
  }

  get stuckSince(): number | null {
    return this.#client.carrier.stuckSince
  }

  ready(): boolean {
    return !this.#client.answerWaits && this.#client.carrier.ready()
  }

  direct(): Direct | null {
    return this.#client.carrier.direct()
  }

  send(outgoing: Outgoing): void {
    this.#client.carrier.send(outgoing)
  }

  startOver(): void {
    const { carrier } = this.#client
    carrier.steer({ action: 'reconnect', afterMs: 0, spreadMs: comeBackSpreadMs })
    // Whoever has gone by then is not closed again.
    setTimeout(
      () => {
        if (carrier.connected) carrier.close()
      },
      Math.random() * comeBackSpreadMs + closeGraceMs,
    ).unref()
    this.#client.hub.leave(this)
  }

  cutOff(): void {
    this.#client.carrier.cutOff()
  }
}
