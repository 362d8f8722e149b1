import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import type { NewChannel } from '../../src/wire/channel.ts'
import { Problem } from '../../src/wire/problem.ts'
import type { Step } from './step.ts'

export interface PublisherOptions {
  /** The server's address; a path that it is served under is kept. */
  readonly url: string
  readonly key: string
  /** Told of each wait before a retry. */
  readonly onRetry?: (why: string, waitMs: number) => void
}

/** A server's answer that is no success, or none at all. The message is for the person at the terminal. */
export class PublishError extends Error {}

const answerMsMax = 10_000
const triesMax = 8
const retryBaseMs = 100
const retryMsMax = 5_000
/** Longer than a window of the server's rate limit. */
const toldMsMax = 65_000
/** Answers after which the same request may succeed. */
const passing: readonly number[] = [429, 502, 503, 504]

interface Answer {
  readonly status: number
  readonly etag: string | null
  // The caller says what it expects in a good answer.
  readonly body: unknown
}

/** Writes to a server over its REST API. Each write has an Idempotency-Key, so that a retry never makes it twice. */
export class Publisher {
  readonly #base: string
  readonly #key: string
  readonly #onRetry: (why: string, waitMs: number) => void
  /** Of each named post, its id and the ETag of its version. */
  readonly #posts = new Map<string, { readonly id: string; etag: string }>()

  constructor({ url, key, onRetry = () => {} }: PublisherOptions) {
    this.#base = url.replace(/(?<!\/)\/+$/, '')
    this.#key = key
    this.#onRetry = onRetry
  }

  /** Asks once whether a Wirecopy is there at all. */
  async reach(): Promise<void> {
    const signal = AbortSignal.timeout(answerMsMax)
    const answer = await fetch(`${this.#base}/health/live`, { signal }).catch(() => null)
    if (answer === null) throw new PublishError(`No server answers at ${this.#base}; start one with "npm start".`)
    if (!answer.ok)
      throw new PublishError(`What answers at ${this.#base} is no Wirecopy (GET /health/live: ${answer.status}).`)
  }

  /** Creates the channel. False where there is one of that id, which stays as it is. */
  async createChannel(channel: z.input<typeof NewChannel>): Promise<boolean> {
    const answer = await this.#send('POST', '/v1/channels', channel)
    if (answer.status === 409 && codeOf(answer) === 'channel-exists') return false
    requireGood(answer)
    return true
  }

  async write(channel: string, step: Step): Promise<void> {
    const posts = `/v1/channels/${channel}/posts`
    if (step.do === 'publish') {
      const answer = requireGood(await this.#send('POST', posts, step.post))
      if (step.name !== undefined) this.#posts.set(step.name, { id: idIn(answer), etag: answer.etag ?? '*' })
      return
    }
    const post = this.#posts.get(step.name)
    if (post === undefined) throw new Error(`no post of the coverage is named ${step.name}`)
    const answer = await this.#change(`${posts}/${post.id}`, post.etag, step)
    post.etag = requireGood(answer).etag ?? '*'
  }

  #change(path: string, etag: string, step: Exclude<Step, { do: 'publish' }>): Promise<Answer> {
    switch (step.do) {
      case 'edit':
        return this.#send('PATCH', path, step.edit, { 'If-Match': etag })
      case 'pin':
        return this.#send('PUT', `${path}/pin`, undefined, { 'If-Match': etag })
      case 'retract':
        return this.#send('POST', `${path}/retract`, { reason: step.reason }, { 'If-Match': etag })
    }
  }

  /** Sends a write until it is answered for good. Waits between tries are of full jitter, or as long as the server says. */
  async #send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const request = {
      method,
      headers: {
        Authorization: `Bearer ${this.#key}`,
        'Idempotency-Key': randomUUID(),
        ...headers,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }
    for (let tries = 1; ; tries++) {
      const outcome = await this.#try(path, request)
      if (outcome.kind === 'answer') return outcome.answer
      if (tries === triesMax) {
        throw new PublishError(`${method} ${path} failed ${triesMax} times, at last: ${outcome.why}.`)
      }
      const waitMs = outcome.toldMs + Math.random() * Math.min(retryMsMax, retryBaseMs * 2 ** tries)
      this.#onRetry(outcome.why, waitMs)
      await delay(waitMs)
    }
  }

  async #try(path: string, request: RequestInit): Promise<Tried> {
    try {
      const response = await fetch(this.#base + path, { ...request, signal: AbortSignal.timeout(answerMsMax) })
      const text = await response.text()
      if (passing.includes(response.status)) {
        return { kind: 'again', why: `status ${response.status}`, toldMs: toldMs(response.headers.get('retry-after')) }
      }
      const answer = { status: response.status, etag: response.headers.get('etag'), body: readJson(text) }
      return { kind: 'answer', answer }
    } catch (error) {
      return { kind: 'again', why: reasonOf(error), toldMs: 0 }
    }
  }
}

type Tried =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'again'; readonly why: string; readonly toldMs: number }

/** Retry-After in seconds (RFC 9110, 10.2.3); Wirecopy sends no dates. */
function toldMs(header: string | null): number {
  return header !== null && /^\d{1,6}$/.test(header) ? Math.min(toldMsMax, Number(header) * 1_000) : 0
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Fetch says only that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

function requireGood(answer: Answer): Answer {
  if (answer.status >= 200 && answer.status < 300) return answer
  const { success, data } = Problem.safeParse(answer.body)
  if (!success) throw new PublishError(`The server answered with status ${answer.status}.`)
  const hint = answer.status === 401 ? ' Give the key by --key, or by ADMIN_KEY.' : ''
  throw new PublishError(`The server refused: ${data.detail} (${data.status} ${data.code})${hint}`)
}

function codeOf(answer: Answer): string | undefined {
  return Problem.safeParse(answer.body).data?.code
}

function idIn(answer: Answer): string {
  const body = answer.body as { readonly post?: { readonly id?: unknown } } | null
  const id = body?.post?.id
  if (typeof id !== 'string') throw new PublishError('The server answered without the post: is it a Wirecopy?')
  return id
}
