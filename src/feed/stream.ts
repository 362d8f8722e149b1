import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { ChannelId, Cursor, Offset } from '../wire/scalars.ts'
import type { ChannelFeed, Follower } from './channel-feed.ts'
import { endWithin } from './drain.ts'
import type { Hub } from './hub.ts'
import { Outgoing, snapshotEvent } from './outgoing.ts'
import type { Start } from './starts.ts'

/**
 * A comment this often keeps proxies from taking the stream for dead, and lets clients notice within 20 s when it is, even if
 * one comment is several seconds late.
 */
const heartbeatMs = 10_000
/** Without a blank line, at which several clients' parsers would make an event without data. */
const heartbeat = ':\n'
/** How long a stock EventSource waits before it comes back, in milliseconds. */
const retryMs = 2_000
/** A stream that is ended has this long to send what is left. */
const endGraceMs = 2_000
/** Those who are told to start over come back spread over this time. */
const startOverSpreadMs = 5_000

/** Follows channels by server-sent events (HTML, 9.2). */
export class Streams {
  readonly #hub: Hub
  readonly #open = new Map<ServerResponse, Follower>()
  readonly #heartbeat: NodeJS.Timeout

  constructor(hub: Hub) {
    this.#hub = hub
    this.#heartbeat = setInterval(() => {
      // One that is full hears from us anyway once it drains.
      for (const response of this.#open.keys()) if (isFree(response)) response.write(heartbeat)
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
    for (const response of this.#open.keys()) bytes += response.writableLength
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
      return new StreamFollower(response, () => this.#end(response))
    })
    if (follower === null) return
    this.#keep(response, follower)
    await gone
  }

  /** Answers with the head of a stream alone. Throws `unknown-channel` and `unavailable`, as `follow` does. */
  async head(reply: FastifyReply, channel: ChannelId): Promise<void> {
    await this.#hub.requireChannel(channel)
    this.#writeHead(reply)
    reply.raw.end()
  }

  /** Ends each stream at a random moment of the spread; their clients come back by Last-Event-ID. */
  async drain(spreadMs: number): Promise<void> {
    const ending = [...this.#open.keys()].map((response) =>
      endWithin(
        { afterMs: 0, spreadMs },
        (gone) => response.once('close', gone),
        () => this.#end(response),
      ),
    )
    await Promise.all(ending)
  }

  /** Ends every stream at once. */
  close(): void {
    clearInterval(this.#heartbeat)
    for (const response of this.#open.keys()) this.#end(response)
  }

  #writeHead(reply: FastifyReply): void {
    reply.hijack()
    reply.raw.writeHead(200, {
      ...Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined)),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // nginx holds a response back until its buffer is full, unless told not to.
      'x-accel-buffering': 'no',
    })
  }

  #begin(reply: FastifyReply, start: Start): void {
    this.#writeHead(reply)
    const response = reply.raw
    response.cork()
    // It stands in the block of the first event: alone it would be an event without data to several clients' parsers.
    response.write(`retry: ${retryMs}\n`)
    response.write(start.kind === 'batch' ? Outgoing.of(start.batch).event : snapshotEvent(start.snapshot))
    response.uncork()
  }

  /**
   * Ends a stream as a connection that is lost: what was written goes out, and the answer's last chunk does not come. At
   * that chunk some clients are done, and stay away.
   */
  #end(response: ServerResponse): void {
    const follower = this.#open.get(response)
    if (follower === undefined) return
    this.#open.delete(response)
    this.#hub.leave(follower)
    response.socket?.end()
    // A client that does not read would keep the server from closing.
    const destroy = setTimeout(() => response.destroy(), endGraceMs).unref()
    response.once('close', () => clearTimeout(destroy))
  }

  #keep(response: ServerResponse, follower: Follower): void {
    if (response.destroyed) {
      this.#hub.leave(follower)
      return
    }
    this.#open.set(response, follower)
    response.on('drain', () => follower.feed?.drained(follower))
    response.once('close', () => {
      this.#open.delete(response)
      this.#hub.leave(follower)
    })
    if (!response.writableNeedDrain) follower.feed?.drained(follower)
  }
}

/** Whether it takes something now: nothing waits in it. */
function isFree(response: ServerResponse): boolean {
  return !response.writableNeedDrain
}

class StreamFollower implements Follower {
  offset = 0 as Offset
  behindSince: number | null = null
  feed: ChannelFeed | null = null
  readonly transport = 'sse'
  readonly #response: ServerResponse
  readonly #end: () => void

  constructor(response: ServerResponse, end: () => void) {
    this.#response = response
    this.#end = end
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
    const end = setTimeout(this.#end, Math.random() * startOverSpreadMs)
    this.#response.once('close', () => clearTimeout(end))
  }

  cutOff(): void {
    this.#response.destroy()
  }
}
