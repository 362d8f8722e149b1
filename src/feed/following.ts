import type { Logger } from 'pino'
import type { z } from 'zod'
import { CodedError, invalid } from '../errors.ts'
import { FollowRequest, UnfollowRequest } from '../wire/events.ts'
import { limits } from '../wire/limits.ts'
import { parse } from '../wire/parse.ts'
import type { Problem } from '../wire/problem.ts'
import type { ChannelId, Cursor } from '../wire/scalars.ts'
import type { Admission } from './admission.ts'
import { type Answer, plainAnswer, startAnswer } from './answer.ts'
import type { Carrier } from './carrier.ts'
import { stuckMsMax } from './channel-feed.ts'
import { ChannelFollower, type Client } from './channel-follower.ts'
import type { Hub } from './hub.ts'
import { TokenBucket } from './token-bucket.ts'

/** Who sent too many events has a burst of ten again after this time. */
const eventsRetryMs = 1_000
/** Who was sent too many bytes may be sent a few large answers again after this time. */
const answersRetryMs = 5_000

/** The answer to `echo`: the same for all, since each page that is looked at asks for one now and then. */
const alive = plainAnswer({ ok: true })

/** What all clients' followings share. */
export interface FollowingParts {
  readonly hub: Hub
  readonly admission: Admission
  readonly logger: Logger
}

/** Answers an event that asked for an answer. */
export type Reply = (answer: Answer) => void

/** The channels that one client follows by its connection. */
export class Following implements Client {
  readonly carrier: Carrier
  readonly #parts: FollowingParts
  /** Most follow one channel, for whom a map would cost more than all else here. */
  #first: ChannelFollower | null = null
  #others: Map<ChannelId, ChannelFollower> | null = null
  #events: TokenBucket | null = null
  /** Bytes of answers to `follow`. */
  #answers: TokenBucket | null = null
  /** Resolves once the connection takes something again, or has ended. */
  #ready: PromiseWithResolvers<void> | null = null
  /** Answers to `follow` that the connection did not take when they were read. */
  #answersWaiting = 0

  constructor(carrier: Carrier, parts: FollowingParts) {
    this.carrier = carrier
    this.#parts = parts
  }

  get hub(): Hub {
    return this.#parts.hub
  }

  get answerWaits(): boolean {
    return this.#answersWaiting > 0
  }

  /** Takes an event of the client's. `reply` is undefined where it did not ask for an answer. */
  take(name: unknown, request: unknown, reply: Reply | undefined): void {
    if (this.#isStuck()) {
      this.#cutOff()
      return
    }
    this.#events ??= new TokenBucket(limits.eventsPerSecondMax, limits.eventsBurstMax, performance.now())
    if (!this.#events.take(performance.now())) {
      this.#refuse(reply)
      return
    }
    // Without a way to answer there is no telling the client where it starts.
    if (reply === undefined) return
    if (name === 'follow') this.#answer(reply, this.#follow(request, reply))
    else if (name === 'unfollow') this.#answer(reply, this.#unfollow(request, reply))
    else if (name === 'echo') reply(alive)
  }

  /** To be called when the connection takes batches again. */
  drained(): void {
    this.#goOn()
    // The channel that waits longest first: where one poll takes one batch, a busy channel would keep the others waiting.
    const behind = this.#all().filter(({ behindSince }) => behindSince !== null)
    if (behind.length > 1) behind.sort((a, b) => (a.behindSince ?? 0) - (b.behindSince ?? 0))
    for (const follower of behind) follower.feed?.drained(follower)
  }

  /** The client has gone. */
  end(): void {
    for (const follower of this.#all()) this.#parts.hub.leave(follower)
    this.#first = null
    this.#others = null
    this.#goOn()
  }

  /** Lets go of what only a client that sends events needs. Called now and then. */
  rest(nowMs: number): void {
    if (this.#events?.isFull(nowMs) === true) this.#events = null
    if (this.#answers?.isFull(nowMs) === true) this.#answers = null
  }

  async #follow(request: unknown, reply: Reply): Promise<void> {
    const { channel, after: given } = parsed(FollowRequest, request)
    const after = given ?? undefined
    const { hub, admission } = this.#parts
    admission.requireOpen()
    // Whoever follows again starts again: nothing more comes by the old following once the new one is asked for.
    this.#leave(channel)
    this.#requireRoom()
    const follower = new ChannelFollower(channel, this)
    this.#add(follower)
    try {
      await this.#untilReady()
      if (!(await this.#join(follower, after, reply))) await this.#joinFirst(follower, after, reply)
      // It may have left between being let in and now.
      if (this.#get(channel) !== follower) hub.leave(follower)
    } catch (error) {
      if (this.#get(channel) === follower) this.#delete(channel)
      throw error
    }
  }

  /** As `#join`, again and again. Nothing else is sent meanwhile: a channel in which much happens would always be first. */
  async #joinFirst(follower: ChannelFollower, after: Cursor | undefined, reply: Reply): Promise<void> {
    this.#answersWaiting++
    try {
      do await this.#untilReady()
      while (!(await this.#join(follower, after, reply)))
    } finally {
      this.#answersWaiting--
      if (!this.answerWaits && this.carrier.ready()) this.drained()
    }
  }

  /**
   * Tells the client where it starts, and lets it in. False if the connection does not take the answer now: it is not kept
   * for later, when a text in it may have been retracted, but read again. Throws what `follow` is refused with.
   */
  async #join(follower: ChannelFollower, after: Cursor | undefined, reply: Reply): Promise<boolean> {
    const { channel } = follower
    if (this.#get(channel) !== follower || !this.carrier.connected) throw superseded()
    const joined = await this.#parts.hub.join(channel, after, (start) => {
      if (this.#get(channel) !== follower || !this.carrier.connected || !this.carrier.ready()) return null
      const answer = startAnswer(start)
      this.#spend(answer.json.length)
      reply(answer)
      return follower
    })
    return joined !== null
  }

  async #unfollow(request: unknown, reply: Reply): Promise<void> {
    this.#leave(parsed(UnfollowRequest, request).channel)
    reply(plainAnswer({ ok: true }))
  }

  #answer(reply: Reply, work: Promise<void>): void {
    work.catch((error: unknown) => {
      const problem = this.#problem(error)
      reply(plainAnswer({ ok: false, error: problem }))
      // Whoever can't follow here has no other use for the connection, and a stock client comes back from its end.
      if (problem.code === 'not-ready' && this.#first === null && this.#others === null) this.carrier.close()
    })
  }

  #refuse(reply: Reply | undefined): void {
    this.#parts.admission.note('events')
    const error = new CodedError(
      'too-many-requests',
      `A connection may send ${limits.eventsPerSecondMax} events a second. Wait, and send them more slowly.`,
      { extras: { retryAfterMs: eventsRetryMs } },
    )
    reply?.(plainAnswer({ ok: false, error: error.toProblem() }))
  }

  #problem(error: unknown): Problem {
    if (error instanceof CodedError) return error.toProblem()
    this.#parts.logger.error({ error }, 'a follow failed')
    return new CodedError('internal', 'Something went wrong here. Try again shortly.').toProblem()
  }

  /** Whoever sends on, and takes nothing, would have ever more answers wait for it. */
  #isStuck(): boolean {
    const { stuckSince } = this.carrier
    return stuckSince !== null && performance.now() - stuckSince > stuckMsMax
  }

  #cutOff(): void {
    this.#parts.admission.note('backlog')
    this.carrier.cutOff()
  }

  /** Throws if answers to `follow` have been more, in bytes, than following needs. */
  #spend(bytes: number): void {
    const now = performance.now()
    this.#answers ??= new TokenBucket(limits.answerPerSecondBytesMax, limits.answerBurstBytesMax, now)
    if (this.#answers.take(now, bytes)) return
    this.#parts.admission.note('events')
    throw new CodedError(
      'too-many-requests',
      'This connection was sent what it asked for again and again. Follow a channel once, and go on from its cursor.',
      { extras: { retryAfterMs: answersRetryMs } },
    )
  }

  async #untilReady(): Promise<void> {
    if (this.carrier.ready()) return
    this.#ready ??= Promise.withResolvers()
    await this.#ready.promise
  }

  #goOn(): void {
    this.#ready?.resolve()
    this.#ready = null
  }

  #requireRoom(): void {
    const followed = (this.#first === null ? 0 : 1) + (this.#others?.size ?? 0)
    if (followed < limits.followedPerConnectionMax) return
    throw new CodedError(
      'too-many-followed',
      `A connection follows ${limits.followedPerConnectionMax} channels at most; unfollow one, or open another.`,
    )
  }

  #get(channel: ChannelId): ChannelFollower | undefined {
    return this.#first?.channel === channel ? this.#first : this.#others?.get(channel)
  }

  #add(follower: ChannelFollower): void {
    if (this.#first === null) this.#first = follower
    else {
      this.#others ??= new Map()
      this.#others.set(follower.channel, follower)
    }
  }

  #delete(channel: ChannelId): void {
    if (this.#first?.channel === channel) this.#first = null
    else this.#others?.delete(channel)
    if (this.#others?.size === 0) this.#others = null
  }

  #leave(channel: ChannelId): void {
    const follower = this.#get(channel)
    if (follower === undefined) return
    this.#delete(channel)
    this.#parts.hub.leave(follower)
  }

  #all(): ChannelFollower[] {
    const first = this.#first === null ? [] : [this.#first]
    return this.#others === null ? first : [...first, ...this.#others.values()]
  }
}

function parsed<T>(schema: z.ZodType<T>, request: unknown): T {
  const result = parse(schema, request)
  if (result.ok) return result.value
  throw invalid(result.errors)
}

function superseded(): CodedError {
  return new CodedError('bad-request', 'The channel was followed or left again before this follow was answered.')
}
