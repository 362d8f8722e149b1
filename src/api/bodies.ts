import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { CodedError, invalid } from '../errors.ts'
import { limits } from '../wire/limits.ts'
import type { Body, BodyInput } from '../wire/post.ts'
import { type Rendered, renderBody } from './body.ts'
import type { Said } from './body-thread.ts'
import { Turns } from './turns.ts'

/**
 * Characters up to which a body is rendered at once, as most are. The worst input of this length known takes some twenty
 * milliseconds, and a key's rate bounds how often it comes. A longer one is rendered on the thread.
 */
const shortCharsMax = 2_048
/**
 * Processor time of the thread after which a body is given up. Prose of the largest size takes a tenth of a second, the
 * worst input known one second: this is for inputs that nobody knows of yet.
 */
const cpuMsMaxPreset = 10_000
/** How often that time is looked at. The look is late on a busy machine, but what it sees is not. */
const lookEveryMs = 250
/** Bodies that wait for the thread. One key may have half of that. */
const waitingBounds = { itemsMax: 1_000, charsMax: 64 * limits.bodyCharsMax, holderShare: 0.5 }
/** What the thread may take; the worst input known takes a quarter. */
const resourceLimits = { maxOldGenerationSizeMb: 384, maxYoungGenerationSizeMb: 32 }
const restartDelayMsMax = 30_000
const firstRestartDelayMsMax = 200
const retryAfterSeconds = 2

interface Job {
  readonly input: BodyInput
  readonly resolve: (rendered: Rendered) => void
  readonly reject: (error: Error) => void
}

export interface BodiesOptions {
  readonly logger: Logger
  readonly cpuMsMax?: number
  /** Another program for the thread, such as one that fails. */
  readonly program?: URL
}

/**
 * Renders bodies: short ones at once, the others on a thread, one after the other, in turns by the key that sends them.
 * Whether a body is valid depends on the body alone. What has no room, and what takes more than its time, is answered 503.
 *
 * The thread starts with the first long body, since it takes 30 MB.
 */
export class Bodies {
  readonly #logger: Logger
  readonly #cpuMsMax: number
  readonly #program: URL
  readonly #turns = new Turns<Job>(waitingBounds)
  /** Null before the first long body, while it waits to be started again, and once all is closed. */
  #thread: Worker | null = null
  #closed = false
  #ready = false
  /** It is being ended: what it may still say comes too late. */
  #givenUp = false
  #job: Job | null = null
  #look: NodeJS.Timeout | null = null
  #cpuUsBefore = 0
  #failures = 0
  #restart: NodeJS.Timeout | null = null
  #putOff = 0

  constructor({ logger, cpuMsMax = cpuMsMaxPreset, program }: BodiesOptions) {
    this.#logger = logger
    this.#cpuMsMax = cpuMsMax
    this.#program = program ?? new URL('./body-thread.ts', import.meta.url)
  }

  /** Bodies that were answered 503. */
  get putOff(): number {
    return this.#putOff
  }

  /** The body as served. Throws `invalid`, or `overloaded` if there is no room or the time is over. */
  async render(input: BodyInput, holder: string): Promise<Body> {
    const chars = Object.values(input).join('').length
    return bodyOf(chars <= shortCharsMax ? renderBody(input) : await this.#renderOnThread(input, holder, chars))
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#restart !== null) clearTimeout(this.#restart)
    const thread = this.#thread
    this.#thread = null
    this.#refuseAll()
    await thread?.terminate()
  }

  #renderOnThread(input: BodyInput, holder: string, chars: number): Promise<Rendered> {
    return new Promise((resolve, reject) => {
      const job = { input, resolve, reject }
      if (this.#thread === null && this.#restart === null && !this.#closed) this.#start()
      if (this.#thread === null) this.#refuse(job, 'Bodies can not be rendered at present. Try again shortly.')
      else if (this.#turns.add(holder, job, chars)) this.#next()
      else this.#refuse(job, 'Too many bodies wait to be rendered. Try again shortly.')
    })
  }

  #start(): void {
    this.#restart = null
    // It needs nothing of the environment, in which the admin key may be.
    const thread = new Worker(this.#program, { resourceLimits, env: {} })
    this.#thread = thread
    this.#ready = false
    this.#givenUp = false
    this.#cpuUsBefore = 0
    thread.on('message', (said: Said) => this.#hear(said))
    thread.on('error', (err) => this.#logger.error({ err }, 'the thread that renders bodies failed'))
    thread.on('exit', () => this.#ended(thread))
    this.#next()
  }

  #next(): void {
    if (this.#job !== null || this.#thread === null || this.#givenUp) return
    const job = this.#turns.next()
    if (job === undefined) return
    this.#job = job
    this.#thread.postMessage(job.input)
    this.#lookLater(this.#thread, job)
  }

  #hear(said: Said): void {
    if (this.#givenUp) return
    if (said.kind === 'ready') {
      this.#ready = true
      this.#cpuUsBefore = said.cpuUs
      return
    }
    const job = this.#takeJob()
    this.#cpuUsBefore = said.cpuUs
    this.#failures = 0
    if (said.kind === 'failed') job?.reject(new Error('A body could not be rendered', { cause: said.error }))
    else job?.resolve(said.rendered)
    this.#next()
  }

  #takeJob(): Job | null {
    const job = this.#job
    this.#job = null
    if (this.#look !== null) clearTimeout(this.#look)
    this.#look = null
    return job
  }

  #lookLater(thread: Worker, job: Job): void {
    this.#look = setTimeout(() => void this.#lookAt(thread, job), lookEveryMs)
  }

  async #lookAt(thread: Worker, job: Job): Promise<void> {
    // A thread that has not yet begun, or has ended, can't say. That it has ended is heard by its exit.
    const used = await thread.cpuUsage().catch(() => null)
    if (this.#job !== job) return
    const cpuMs = used !== null && this.#ready ? (used.user + used.system - this.#cpuUsBefore) / 1_000 : 0
    if (cpuMs <= this.#cpuMsMax) {
      this.#lookLater(thread, job)
      return
    }
    this.#logger.warn({ cpuMs, cpuMsMax: this.#cpuMsMax }, 'a body took too long to render and was given up')
    this.#givenUp = true
    await thread.terminate()
  }

  /** A thread that a body has ended is replaced at once. One that ends by itself may do so again. */
  #ended(thread: Worker): void {
    if (this.#thread !== thread) return
    const job = this.#takeJob()
    this.#thread = null
    if (job !== null) this.#refuse(job, 'The body takes too long to render. Try again, or send a simpler one.')
    if (job !== null && this.#ready) {
      this.#start()
      return
    }
    this.#refuseAll()
    const delayMs =
      Math.random() * Math.min(restartDelayMsMax, firstRestartDelayMsMax * 2 ** Math.min(this.#failures, 20))
    this.#failures++
    this.#logger.error({ delayMs, failures: this.#failures }, 'the thread that renders bodies has ended')
    this.#restart = setTimeout(() => this.#start(), delayMs)
  }

  #refuseAll(): void {
    const detail = 'Bodies can not be rendered at present. Try again shortly.'
    const current = this.#takeJob()
    if (current !== null) this.#refuse(current, detail)
    for (let job = this.#turns.next(); job !== undefined; job = this.#turns.next()) this.#refuse(job, detail)
  }

  #refuse(job: Job, detail: string): void {
    this.#putOff++
    job.reject(new CodedError('overloaded', detail, { retryAfterSeconds }))
  }
}

function bodyOf(rendered: Rendered): Body {
  if (rendered.kind === 'body') return rendered.body
  const { path, message } = rendered.error
  throw invalid([{ path: `body.${path}`, message }])
}
