import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { parseCursor } from '../../src/wire/cursor.ts'
import type { Post } from '../../src/wire/post.ts'
import { markerOf } from './delivery.ts'
import type { Acknowledged, Deed, Writes } from './record.ts'

export interface DeskOptions {
  readonly channel: string
  readonly adminKey: string
  node(): string
  /** Writes a second, of all publishers together. */
  readonly rate: number
}

interface OwnPost {
  readonly post: number
  readonly id: string
  edits: number
  pinned: boolean
}

interface Task {
  readonly deed: Deed
  readonly post: number
  readonly marker: string
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

const publishers = 10
/** Posts that a publisher still has its hands on. */
const ownPostsMax = 50
const answerMsMax = 8_000
/** How long a write is tried again before its outcome is given up as unknown. */
const tryMsMax = 150_000
const retryMsMax = 1_000
/** Answers after which the same request may succeed. */
const passing: readonly number[] = [429, 502, 503, 504]
/** The share of first answers that get lost on their way, so that writes which were made are sent again. */
const lostAnswersShare = 0.05

/** Publishers that write, each with posts of its own, and write down what was acknowledged. */
export class Desk implements Writes {
  readonly acknowledged: Acknowledged[] = []
  /** Answers that refuse a write for good, by status. */
  readonly refused = new Map<number, number>()
  unknown = 0
  readonly #options: DeskOptions
  readonly #stop = new AbortController()
  readonly #working: Promise<void>[] = []
  #posts = 0

  constructor(options: DeskOptions) {
    this.#options = options
  }

  start(): void {
    for (let i = 0; i < publishers; i++) this.#working.push(this.#work())
  }

  /** Ends with every write answered, or given up. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#working)
  }

  async #work(): Promise<void> {
    const own: OwnPost[] = []
    const everyMs = (1_000 * publishers) / this.#options.rate
    const { signal } = this.#stop
    await delay(Math.random() * everyMs, undefined, { signal }).catch(() => undefined)
    for (let dueMs = performance.now(); !signal.aborted; ) {
      await this.#write(own)
      dueMs = Math.max(dueMs + everyMs, performance.now() - everyMs)
      await delay(Math.max(0, dueMs - performance.now()), undefined, { signal }).catch(() => undefined)
    }
  }

  async #write(own: OwnPost[]): Promise<void> {
    const drawn = own[Math.floor(Math.random() * own.length)]
    const dice = Math.random()
    if (drawn === undefined || dice < 0.5) {
      const post = ++this.#posts
      const id = await this.#do(publish(post))
      if (id === null) return
      own.push({ post, id, edits: 0, pinned: false })
      if (own.length > ownPostsMax) own.shift()
    } else if (dice < 0.75) await this.#do(edit(drawn))
    else if (dice < 0.87) {
      own.splice(own.indexOf(drawn), 1)
      await this.#do({ ...none(drawn), deed: 'retract', method: 'POST', path: `/${drawn.id}/retract`, body: reason })
    } else await this.#pin(own, drawn)
  }

  /** No publisher pins more than one post, so that all of them stay within the limit. */
  async #pin(own: readonly OwnPost[], drawn: OwnPost): Promise<void> {
    const pinned = own.find((post) => post.pinned)
    const target = pinned ?? drawn
    target.pinned = pinned === undefined
    const [deed, method] = target.pinned ? (['pin', 'PUT'] as const) : (['unpin', 'DELETE'] as const)
    await this.#do({ ...none(target), deed, method, path: `/${target.id}/pin` })
  }

  /** Sends a write until it is answered for good, by the same key on any node. Gives the post's id. */
  async #do(task: Task): Promise<string | null> {
    const askedMs = performance.now()
    const key = randomUUID()
    for (let tries = 0; performance.now() - askedMs < tryMsMax; tries++) {
      const answer = await this.#send(task, key).catch(() => null)
      if (answer !== null && tries === 0 && Math.random() < lostAnswersShare) await answer.body?.cancel()
      else if (answer?.ok === true) {
        const written: { post: Post; cursor: string } | null = await answer.json().catch(() => null)
        if (written !== null) return this.#note(task, written, askedMs)
      } else if (answer !== null) {
        await answer.body?.cancel().catch(() => undefined)
        if (!passing.includes(answer.status)) {
          this.refused.set(answer.status, 1 + (this.refused.get(answer.status) ?? 0))
          // What a server that failed has done is not known.
          if (answer.status >= 500) this.unknown++
          return null
        }
      }
      await delay(Math.random() * Math.min(retryMsMax, 50 * 2 ** tries))
    }
    this.unknown++
    return null
  }

  #send({ method, path, body }: Task, key: string): Promise<Response> {
    const { channel, adminKey } = this.#options
    return fetch(`${this.#options.node()}/v1/channels/${channel}/posts${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminKey}`,
        'idempotency-key': key,
        'if-match': '*',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerMsMax),
    })
  }

  #note({ deed, post, marker }: Task, written: { post: Post; cursor: string }, askedMs: number): string {
    const position = parseCursor(written.cursor)
    if (position === null) throw new Error(`A write was answered without a cursor: ${written.cursor}`)
    const { id, version } = written.post
    this.acknowledged.push({ post, deed, marker, id, version, ...position, askedMs, ackedMs: performance.now() })
    return id
  }
}

const reason = { reason: 'The report could not be confirmed.' }

function publish(post: number): Task {
  const marker = markerOf(post, 0)
  return { deed: 'publish', post, marker, method: 'POST', path: '', body: textWith(marker) }
}

function edit(own: OwnPost): Task {
  own.edits++
  const marker = markerOf(own.post, own.edits)
  return { deed: 'edit', post: own.post, marker, method: 'PATCH', path: `/${own.id}`, body: textWith(marker) }
}

function none({ post }: OwnPost) {
  return { post, marker: '' }
}

function textWith(marker: string) {
  return { headline: `Crews reach the quay, ${marker}`, body: { text: `The harbour office says ${marker} so far.` } }
}
