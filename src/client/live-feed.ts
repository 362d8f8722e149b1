import type { Batch, Snapshot } from '../wire/batch.ts'
import type { Channel } from '../wire/channel.ts'
import type { Steer } from '../wire/events.ts'
import type { Post } from '../wire/post.ts'
import type { Cursor } from '../wire/scalars.ts'
import { BestWay } from './best-way.ts'
import { Compression } from './compression.ts'
import type { FeedError } from './failure.ts'
import type { FoldState } from './fold.ts'
import type { Feed, FollowOptions } from './follow.ts'
import { HeldFold } from './held-fold.ts'
import type { Signal, ToldReason } from './line.ts'
import { Lines } from './lines.ts'
import { Listener } from './listener.ts'
import { begin, transition } from './machine.ts'
import type { Command, FeedState, MachineEvent, MachineState, TimerName } from './machine-state.ts'
import type { Memory } from './memory.ts'
import { type Addresses, addressesOf } from './requests.ts'
import { Timers } from './timers.ts'
import {
  climbDelayMs,
  idleStartMs,
  leaveDelayMs,
  pollDelayMs,
  retryDelayMs,
  steerDelayMs,
  type Timing,
  toldDelayMs,
} from './timing.ts'
import type { Transport } from './transports.ts'
import { listenForWaking } from './wake.ts'

export interface FeedSetup {
  readonly base: URL
  readonly channel: string
  /** Best first. */
  readonly transports: readonly Transport[]
  readonly timing: Timing
  readonly fold: FoldState | null
  /** What is remembered of this server. */
  readonly memory: Memory
  readonly listener: FollowOptions
}

/** Refusals that no retry changes, as long as nothing has been followed. */
const finalCodes: readonly string[] = ['unknown-channel', 'invalid']

const dueEvents = {
  retry: 'retry-due',
  settle: 'settled',
  climb: 'climb-due',
  steer: 'steer-due',
  beside: 'beside-due',
  leave: 'leave-due',
} as const

/** Does what the machine asks for, and tells it what comes of it. */
export class LiveFeed implements Feed {
  readonly #setup: FeedSetup
  readonly #addresses: Addresses
  readonly #listener: Listener
  readonly #lines: Lines
  readonly #bestWay: BestWay
  readonly #timers = new Timers<TimerName>()
  readonly #closing = new AbortController()
  readonly #stopWaking: () => void
  readonly #waiting: MachineEvent[] = []
  #busy = false
  readonly #held: HeldFold
  #machine: MachineState
  #slowed = false
  #steer: Steer | null = null
  /** The server wants to be left alone until then (`performance.now()`, which no change of the clock moves). */
  #notBeforeMs = 0

  constructor(setup: FeedSetup) {
    this.#setup = setup
    this.#addresses = addressesOf(setup.base, setup.channel)
    this.#listener = new Listener(setup.listener)
    this.#held = new HeldFold(setup.fold)
    this.#lines = new Lines({
      transports: setup.transports,
      context: {
        base: setup.base,
        channel: setup.channel,
        addresses: this.#addresses,
        timing: setup.timing,
        compression: new Compression(setup.memory),
        cursor: () => this.cursor,
        pollDelayMs: (told) => this.#pollDelayMs(told),
      },
      told: (signal) => this.#takeSignal(signal),
      candidateTold: (signal) => this.#takeCandidateSignal(signal),
    })
    this.#bestWay = new BestWay(setup.memory, setup.transports)
    const first = begin(setup.transports.length, this.#held.status, this.#bestWay.rung)
    this.#machine = first.state
    for (const command of first.commands) this.#do(command)
    this.#stopWaking = listenForWaking({
      woke: () => this.#take({ kind: 'woke' }),
      wentOffline: () => this.#take({ kind: 'went-offline' }),
    })
  }

  get state(): FeedState {
    return this.#machine.phase
  }

  get transport(): Transport | null {
    const { phase } = this.#machine
    return phase === 'connecting' || phase === 'offline' || phase === 'closed' ? null : this.#lines.transport
  }

  get slowed(): boolean {
    return this.#slowed
  }

  get channel(): Channel | null {
    return this.#held.state?.channel ?? null
  }

  get cursor(): Cursor | null {
    return this.#held.cursor
  }

  get posts(): readonly Post[] {
    return this.#held.posts
  }

  get fold(): FoldState | null {
    return this.#held.state
  }

  get hasOlder(): boolean {
    return this.#held.hasOlder
  }

  async loadOlder(): Promise<boolean> {
    return await this.#held.loadOlder({
      addresses: this.#addresses,
      timeoutMs: this.#setup.timing.openTimeoutMs,
      signal: this.#closing.signal,
    })
  }

  close(): void {
    this.#take({ kind: 'close' })
  }

  /** Events that come of an event wait until that one is done with, so that the machine is always between two. */
  #take(event: MachineEvent): void {
    this.#waiting.push(event)
    if (this.#busy) return
    this.#busy = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const before = this.#machine.phase
      const step = transition(this.#machine, next)
      this.#machine = step.state
      for (const command of step.commands) this.#do(command)
      if (next.kind === 'settled') this.#listener.wentWell()
      const after = this.#machine.phase
      if (after !== before) this.#listener.tell('onState', after, before)
    }
    this.#busy = false
  }

  #do(command: Command): void {
    switch (command.do) {
      case 'open':
        this.#lines.open(command.rung)
        break
      case 'open-idle':
        this.#lines.openIdle(command.waits ? idleStartMs(this.#setup.timing, Math.random()) : 0)
        break
      case 'drop':
        this.#lines.drop()
        this.#noteSlowed(false)
        break
      case 'refollow':
        this.#lines.refollow()
        break
      case 'open-candidate':
        this.#lines.openCandidate(command.rung)
        break
      case 'drop-candidate':
        this.#lines.dropCandidate()
        break
      case 'promote':
        this.#lines.promote()
        this.#noteSlowed(false)
        break
      case 'start':
        this.#startTimer(command.timer, command.retryAfterMs, command.soon === true)
        break
      case 'stop':
        this.#timers.stop(command.timer)
        break
      case 'remember':
        this.#bestWay.remember(command.rung)
        break
      case 'release':
        this.#release()
        break
    }
  }

  #release(): void {
    this.#lines.drop()
    this.#lines.dropCandidate()
    this.#timers.stopAll()
    this.#stopWaking()
    this.#closing.abort(new Error('the feed is closed'))
  }

  #takeSignal(signal: Signal): void {
    switch (signal.kind) {
      case 'opened':
      case 'caught-up':
        this.#take({ kind: signal.kind })
        break
      case 'snapshot':
        this.#startOver(signal.snapshot, signal.reason)
        break
      case 'batch':
        // A line that answers the cursor with something else won't do better when asked again at once.
        if (!this.#apply(signal.batch)) this.#take({ kind: signal.answers ? 'lost' : 'gap' })
        break
      case 'slowed':
        this.#noteSlowed(signal.slowed)
        break
      case 'steer':
        this.#steer = signal.steer
        this.#take({ kind: 'steered', action: signal.steer.action })
        break
      case 'lost':
        this.#loseLine(signal.error)
        break
    }
  }

  /** A candidate feeds the same fold. What fails on it is not told, unless it is the server's last word. */
  #takeCandidateSignal(signal: Signal): void {
    switch (signal.kind) {
      case 'opened':
      case 'slowed':
        break
      case 'caught-up':
        this.#take({ kind: 'candidate-live' })
        break
      case 'snapshot':
        this.#startOver(signal.snapshot, signal.reason)
        break
      case 'batch':
        if (!this.#apply(signal.batch)) this.#take({ kind: 'candidate-lost' })
        break
      case 'steer':
        this.#take({ kind: 'candidate-lost' })
        break
      case 'lost':
        if (this.#isFinal(signal.error)) this.#loseLine(signal.error)
        else this.#take({ kind: 'candidate-lost', retryAfterMs: signal.error.retryAfterMs })
        break
    }
  }

  #loseLine(error: FeedError): void {
    const { problem, retryAfterMs } = error
    this.#listener.fail(problem, this.#lines.transport ?? '')
    this.#take(this.#isFinal(error) ? { kind: 'refused' } : { kind: 'lost', retryAfterMs })
  }

  #isFinal({ problem }: FeedError): boolean {
    return this.#held.state === null && finalCodes.includes(problem.code)
  }

  /** False where the batch does not follow on what has been applied. */
  #apply(batch: Batch): boolean {
    const applied = this.#held.apply(batch)
    if (applied === 'astray') return false
    if (applied !== null) {
      this.#noteStatus()
      this.#listener.tell('onBatch', applied)
    }
    return true
  }

  #startOver(snapshot: Snapshot, told: ToldReason): void {
    const why = this.#held.startOver(snapshot, told)
    this.#noteStatus()
    this.#listener.tell('onSnapshot', snapshot, why)
  }

  #noteStatus(): void {
    const { status } = this.#held
    if (status !== this.#machine.status) this.#take({ kind: 'status', status })
  }

  #noteSlowed(slowed: boolean): void {
    if (slowed === this.#slowed) return
    this.#slowed = slowed
    this.#listener.tell('onSlowed', slowed)
  }

  #startTimer(timer: TimerName, retryAfterMs: number | undefined, soon: boolean): void {
    if (retryAfterMs !== undefined) {
      this.#notBeforeMs = performance.now() + toldDelayMs(retryAfterMs, this.#setup.timing, Math.random())
    }
    this.#timers.start(timer, this.#delayMs(timer, soon), () => this.#take({ kind: dueEvents[timer] }))
  }

  #delayMs(timer: TimerName, soon: boolean): number {
    const { timing } = this.#setup
    const { failures, climbs, steeredDown, candidate } = this.#machine
    const random = Math.random()
    switch (timer) {
      case 'retry':
        return retryDelayMs(soon ? 1 : failures, this.#notBeforeMs - performance.now(), timing, random)
      case 'settle':
        return timing.settleMs
      case 'beside':
        return candidate === null ? timing.besideMs : timing.besideNextMs
      case 'climb':
        return climbDelayMs(climbs, steeredDown, timing, random)
      case 'steer':
        return steerDelayMs(this.#steer, timing, random)
      case 'leave':
        return leaveDelayMs(timing, random)
    }
  }

  #pollDelayMs(told: number | null): number {
    const steered = this.#machine.steeredDown ? (this.#steer?.intervalMs ?? 0) : 0
    return pollDelayMs(Math.max(told ?? 0, steered), this.#held.status !== 'live', this.#setup.timing, Math.random())
  }
}
