import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { ChannelId, Cursor, Offset } from '../wire/scalars.ts'
import type { ChannelFeed, Follower } from './channel-feed.ts'
import { endWithin } from './drain.ts'
import type { Hub } from './hub.ts'
import { Outgoing, snapshotEvent } from './outgoing.ts'
import type { Start } from './starts.ts'

/** A comment this often keeps proxies from taking the stream for dead, and lets clients notice when it is. */
const heartbeatMs = 15_000
/** How long a stock EventSource waits before it comes back, in milliseconds. */
const retryMs = 2_000
/** A stream that is ended has this long to send what is left. */
const endGraceMs = 2_000
/** Those who are told to start over come back spread over this time. */
const startOverSpreadMs = 5_000

/** Follows channels by server-sent events (HTML, 9.2). */
export class Streams {
  readonly #hub: Hub
  readonly #open = new Set<ServerResponse>()
  readonly #heartbeat: NodeJS.Timeout

  constructor(hub: Hub) {
    this.#hub = hub
    this.#heartbeat = setInterval(() => {
      // One that is full hears from us anyway once it drains.
      for (const response of this.#open) if (isFree(response)) response.write(':\n\n')
    }, heartbeatMs).unref()
  }

  get count(): number {
    return this.#open.size
  }

  has(response: ServerResponse): boolean {
    return this.#open.has(response)
  }

  /** What waits in this process for streams to take it. */
  get waitingBytes(): number {
    let bytes = 0
    for (const response of this.#open) bytes += response.writableLength
    return bytes
  }

  /** Answers with a stream that begins with a snapshot or a batch. Throws before anything is sent. */
  async follow(reply: FastifyReply, channel: ChannelId, after: Cursor | undefined): Promise<void> {
    const response = reply.raw
    const gone = new Promise<void>((resolve) => response.once('close', resolve))
    let closed = false
    response.once('close', () => {
      closed = true
    })
    const follower = await this.#hub.join(channel, after, (start) => {
      if (closed) return null
      this.#begin(reply, start)
      return new StreamFollower(response)
    })
    if (follower === null) return
    this.#keep(response, follower)
    await gone
  }

  /** Ends each stream at a random moment of the spread; their clients come back by Last-Event-ID. */
  async drain(spreadMs: number): Promise<void> {
    const ending = [...this.#open].map((response) =>
      endWithin(
        { afterMs: 0, spreadMs },
        (gone) => response.once('close', gone),
        () => endSoon(response),
      ),
    )
    await Promise.all(ending)
  }

  /** Ends every stream at once. */
  close(): void {
    clearInterval(this.#heartbeat)
    for (const response of this.#open) endSoon(response)
  }

  #begin(reply: FastifyReply, start: Start): void {
    const response = reply.raw
    reply.hijack()
    response.writeHead(200, {
      ...Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined)),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // nginx holds a response back until its buffer is full, unless told not to.
      'x-accel-buffering': 'no',
    })
    response.write(`retry: ${retryMs}\n\n`)
    if (start.kind === 'batch') response.write(Outgoing.of(start.batch).event)
    else response.write(snapshotEvent(start.snapshot))
  }

  #keep(response: ServerResponse, follower: Follower): void {
    if (response.destroyed) {
      this.#hub.leave(follower)
      return
    }
    this.#open.add(response)
    response.on('drain', () => follower.feed?.drained(follower))
    response.once('close', () => {
      this.#open.delete(response)
      this.#hub.leave(follower)
    })
    if (!response.writableNeedDrain) follower.feed?.drained(follower)
  }
}

/** Whether it takes something now: it has not been ended, and nothing waits in it. */
function isFree(response: ServerResponse): boolean {
  return !response.writableEnded && !response.writableNeedDrain
}

function endSoon(response: ServerResponse): void {
  response.end()
  // Whoever does not read would keep the server from closing.
  const destroy = setTimeout(() => response.destroy(), endGraceMs).unref()
  response.once('close', () => clearTimeout(destroy))
}

class StreamFollower implements Follower {
  offset = 0 as Offset
  behindSince: number | null = null
  feed: ChannelFeed | null = null
  readonly transport = 'sse'
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  /** A stream is followed by once, so that being behind says it. */
  get stuckSince(): number | null {
    return this.behindSince
  }

  ready(): boolean {
    return isFree(this.#response)
  }

  /** An event stream's bytes are chunked by HTTP, and so must go by it. */
  direct(): null {
    return null
  }

  send(outgoing: Outgoing): void {
    this.#response.write(outgoing.event)
  }

  /** The stream ends, and the client comes back with its last event's id, which gets it a snapshot. */
  startOver(): void {
    const end = setTimeout(() => this.#response.end(), Math.random() * startOverSpreadMs)
    this.#response.once('close', () => clearTimeout(end))
  }

  cutOff(): void {
    this.#response.destroy()
  }
}
