import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import { parseCursor } from '../../src/wire/cursor.ts'
import type { Trial } from './clients.ts'
import { judge, Line, type Truth } from './judge.ts'
import { commandOf } from './kits.ts'

const errorCharsMax = 2_000
/** A program that was told to end, and has not within this time, is killed. */
const endMsMax = 10_000

/** A stock client's program that follows a channel, and what it was given. */
export class Follower {
  readonly trial: Trial
  /** When each offset was first held, by performance.now(). */
  readonly heldMs = new Map<number, number>()
  cursor: string | null = null
  /** How often an EventSource had given up, and the program opened another one. */
  reopened = 0
  readonly #events = new EventEmitter()
  #child: ChildProcess | null = null
  #exited: Promise<unknown> = Promise.resolve()
  #lines: Line[] = []
  #garbled: string[] = []
  #errors = ''
  /** Where the lines begin that were not judged yet. */
  #judged: { count: number; cursor: string | null } = { count: 0, cursor: null }

  constructor(trial: Trial) {
    this.trial = trial
    this.#events.setMaxListeners(0)
  }

  /** Starts the program, at the cursor if it held one before. */
  start(url: string, channel: string): void {
    const [command = '', ...args] = commandOf(this.trial.client)
    const { library } = this.trial.client
    const more = this.cursor === null ? [] : [this.cursor]
    const child = spawn(command, [...args, library, this.trial.transport, url, channel, ...more])
    this.#child = child
    this.#exited = once(child, 'close')
    this.#lines = []
    this.#judged = { count: 0, cursor: this.cursor }
    createInterface({ input: child.stdout }).on('line', (text) => this.#hear(text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-errorCharsMax)
    })
    // A word for a program that has ended goes nowhere.
    child.stdin.on('error', () => undefined)
    child.once('exit', (code, signal) => {
      if (this.#child === child && code !== 0) this.#garbled.push(`the program ended with ${signal ?? code}`)
      this.#events.emit('line')
    })
  }

  /** Sends the program a word. */
  say(word: 'follow' | 'unfollow'): void {
    this.#child?.stdin?.write(`${word}\n`)
  }

  /** Resolves with true once the offset is held, or with false after `msMax`, or once the program has ended. */
  async reached(offset: number, msMax: number): Promise<boolean> {
    return await this.#until(() => (parseCursor(this.cursor ?? '')?.offset ?? -1) >= offset, msMax)
  }

  /** As `reached`, for an event that has happened since the program began. */
  async happened(event: Line['event'], msMax: number): Promise<boolean> {
    return await this.#until(() => this.#lines.some((line) => line.event === event), msMax)
  }

  /** What is wrong with what it was given since this was asked last. */
  judge(truth: Truth): string[] {
    const { count, cursor } = this.#judged
    const faults = [...this.#garbled.splice(0), ...judge(truth, this.#lines.slice(count), cursor)]
    this.#judged = { count: this.#lines.length, cursor: this.cursor }
    return faults
  }

  /** The last thing that the program said of itself, for a client that is short. */
  get lastWords(): string {
    const words = this.#lines.flatMap((line) => ('why' in line ? [`${line.event} ${line.why ?? ''}`.trim()] : []))
    const word = words.at(-1) ?? ''
    return [word, this.#errors.trim().split('\n').at(-1) ?? ''].filter(Boolean).join('; ')
  }

  async end(): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#child = null
    child.stdin?.end()
    const late = setTimeout(() => child.kill('SIGKILL'), endMsMax)
    await this.#exited
    clearTimeout(late)
  }

  #hear(text: string): void {
    const nowMs = performance.now()
    const { data: line } = Line.safeParse(jsonOf(text))
    if (line === undefined) {
      this.#garbled.push(`the program printed ${text.slice(0, 200)}`)
    } else {
      this.#lines.push(line)
      if (line.event === 'snapshot') this.cursor = line.snapshot.cursor
      if (line.event === 'batch') {
        this.cursor = `${line.batch.epoch}:${line.batch.to}`
        for (let offset = line.batch.from + 1; offset <= line.batch.to; offset++) this.heldMs.set(offset, nowMs)
      }
      if (line.event === 'reopened') this.reopened += 1
    }
    this.#events.emit('line')
  }

  async #until(condition: () => boolean, msMax: number): Promise<boolean> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), msMax)
    try {
      while (!condition()) {
        if (this.#child?.exitCode !== null || late.signal.aborted) return false
        await once(this.#events, 'line', { signal: late.signal }).catch(() => undefined)
      }
      return true
    } finally {
      clearTimeout(timer)
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
