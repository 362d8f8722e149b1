import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { type Histogram, merged } from './figures.ts'

/** How followers speak to a server. */
export interface Speech {
  readonly mode: 'socketio' | 'ws' | 'sse'
  readonly path: string
}

export interface SwarmOptions {
  /** What was compiled out of swarm.c. */
  readonly program: string
  readonly port: number
  readonly speech: Speech
  readonly channel: string
  readonly deflate?: boolean
  /** Processes that share the followers; one opens 19,900 at most. */
  readonly processes?: number
}

/** Where a swarm stands after it was told to connect, to wait or to return. */
export interface Standing {
  readonly followers: number
  readonly ready: number
  /** Followers at the offset that was waited for. */
  readonly atGoal: number
  readonly refused: number
  readonly failed: number
  readonly ms: number
}

/** What was counted since the last reset. */
export interface Report {
  readonly followers: number
  readonly ready: number
  readonly lost: number
  readonly failed: number
  readonly refused: number
  /** Connections with permessage-deflate. */
  readonly negotiated: number
  readonly deliveries: number
  readonly replayed: number
  readonly batches: number
  readonly deflated: number
  readonly gaps: number
  readonly repeats: number
  readonly bytes: number
  readonly offsetMin: number
  readonly offsetMax: number
  /** Processor time of the swarm itself, in microseconds. */
  readonly cpuUs: number
  readonly latencyUs: Histogram
}

/** Longer than a swarm is given for any wait. */
const answerGraceMs = 10_000
const lifeSeconds = 1_200

/** Followers by the thousand, as processes of their own. They end with this one. */
export class Swarm {
  readonly #members: readonly Member[]

  constructor({ processes = 1, ...options }: SwarmOptions) {
    this.#members = Array.from({ length: processes }, (_, i) => new Member(options, i + 1))
  }

  /** Opens more followers, so many a second in all, and waits until all follow or the time is over. */
  async connect(followers: number, perSecond: number, msMax: number): Promise<Standing> {
    const { length } = this.#members
    const standings = this.#members.map((member, i) => {
      const share = Math.floor(followers / length) + (i < followers % length ? 1 : 0)
      return member.ask<Standing>(`connect ${share} ${Math.ceil(perSecond / length)} ${msMax}`, msMax)
    })
    return sumOf(await Promise.all(standings))
  }

  /** Waits until every follower stands at the offset, or the time is over. */
  async until(offset: number, msMax: number): Promise<Standing> {
    return sumOf(await this.#all<Standing>(`until ${offset} ${msMax}`, msMax))
  }

  /** Closes all connections at once. */
  async drop(): Promise<void> {
    await this.#all('drop', 0)
  }

  /** Opens all again at once, each with its cursor, and waits until all stand at the offset or the time is over. */
  async comeBack(offset: number, msMax: number): Promise<Standing> {
    return sumOf(await this.#all<Standing>(`return ${offset} ${msMax}`, msMax))
  }

  async reset(): Promise<void> {
    await this.#all('reset', 0)
  }

  async report(): Promise<Report> {
    const reports = await this.#all<Report>('report', 0)
    return {
      ...sumOf(reports),
      offsetMin: Math.min(...reports.map(({ offsetMin }) => offsetMin)),
      offsetMax: Math.max(...reports.map(({ offsetMax }) => offsetMax)),
      latencyUs: merged(reports.map(({ latencyUs }) => latencyUs)),
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.end()))
  }

  #all<T>(command: string, msMax: number): Promise<T[]> {
    return Promise.all(this.#members.map((member) => member.ask<T>(command, msMax)))
  }
}

/** Numbers of the same name are added; the time is the longest. */
function sumOf<T extends object>(all: readonly T[]): T {
  const names = Object.keys(all[0] ?? {}) as (keyof T)[]
  const entries = names.map((name) => {
    const values = all.map((one) => one[name]).filter((value) => typeof value === 'number')
    return [name, name === 'ms' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0)]
  })
  return Object.fromEntries(entries) as T
}

class Member {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: Interface
  readonly #ended: Promise<unknown>

  constructor({ program, port, speech, channel, deflate = false }: SwarmOptions, net: number) {
    const named = { mode: speech.mode, port, path: speech.path, channel, net, life: lifeSeconds }
    const args = Object.entries(named).flatMap(([name, value]) => [`--${name}`, String(value)])
    this.#child = spawn(program, deflate ? [...args, '--deflate'] : args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#ended = once(this.#child, 'exit')
    // A write to one that has ended is told by the answer that does not come.
    this.#child.stdin.on('error', () => undefined)
    this.#lines = createInterface({ input: this.#child.stdout })
  }

  /** Its answer to a command: one line of JSON, by swarm.c. */
  async ask<T>(command: string, msMax: number): Promise<T> {
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null) throw new Error(`The swarm has ended: ${exitCode ?? signalCode}.`)
    const heard = new AbortController()
    const signal = AbortSignal.any([heard.signal, AbortSignal.timeout(msMax + answerGraceMs)])
    try {
      const answer = once(this.#lines, 'line', { signal })
      const end = once(this.#lines, 'close', { signal }).then(() => {
        throw new Error(`The swarm ended before it answered "${command}".`)
      })
      this.#child.stdin.write(`${command}\n`)
      const [line] = await Promise.race([answer, end])
      return JSON.parse(String(line)) as T
    } finally {
      heard.abort()
    }
  }

  /** It ends with its stdin; one that does not is killed. */
  async end(): Promise<void> {
    this.#child.stdin.end()
    const late = setTimeout(() => this.#child.kill('SIGKILL'), answerGraceMs)
    await this.#ended
    clearTimeout(late)
    this.#lines.close()
  }
}
