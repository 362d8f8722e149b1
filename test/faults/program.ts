import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/** A program that was told to end, and has not within this time, is killed. */
const endMsMax = 90_000

/** A program of ours that can be killed, paused and started again, as what it was. */
export class Program {
  readonly name: string
  readonly #start: () => ChildProcess
  #child: ChildProcess | null = null
  #exited: Promise<unknown> = Promise.resolve()
  #told = false
  /** How it ended where nobody had told it to. */
  fell: string | null = null

  constructor(name: string, start: () => ChildProcess) {
    this.name = name
    this.#start = start
  }

  /** Of the process that was started last. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  get runs(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The processes that it has started and that run (proc(5)). */
  children(): number[] {
    const { pid } = this
    if (pid === undefined) return []
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  }

  start(): void {
    const child = endingWithUs(this.#start())
    this.#child = child
    this.#told = false
    this.#exited = once(child, 'exit').then(([code, signal]) => {
      if (!this.#told) this.fell ??= `${this.name} ended by itself: ${String(signal ?? code)}`
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Sends the signal that ends it. Gives its exit code, or null where the signal itself was the end. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const child = this.#child
    if (child === null) return null
    this.#told = true
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), endMsMax)
    await this.#exited
    clearTimeout(late)
    return child.exitCode
  }
}

const running = new Set<ChildProcess>()
/** Whatever ends this process must not leave a child behind. */
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function endingWithUs(child: ChildProcess): ChildProcess {
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}
