import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const lookEveryMs = 25
/** The process is at rest when it neither ran nor waited for a core for more than this share of a window. */
const restShare = 0.5
const restWindowMs = 250
const restMsMax = 120_000

/** What a process takes, before, at most, and after. */
export interface Taken {
  readonly before: number
  readonly peak: number
  readonly after: number
}

/** Watches another process's memory, open files and processor time, by /proc (proc(5)). */
export class ProcessWatch {
  readonly #pid: number
  readonly #heapProbe: string
  #filesPeak = 0
  #timer: NodeJS.Timeout | undefined

  constructor(pid: number, heapProbe: string) {
    this.#pid = pid
    this.#heapProbe = heapProbe
  }

  /** Peaks count from now on. */
  start(): void {
    // Resets the kernel's own record of the most memory that the process had resident.
    writeFileSync(`/proc/${this.#pid}/clear_refs`, '5')
    this.#filesPeak = this.files()
    this.#timer = setInterval(() => {
      this.#filesPeak = Math.max(this.#filesPeak, this.files())
    }, lookEveryMs)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  get filesPeak(): number {
    return this.#filesPeak
  }

  get rssMb(): number {
    return this.#statusMb('VmRSS')
  }

  get rssPeakMb(): number {
    return this.#statusMb('VmHWM')
  }

  files(): number {
    try {
      return readdirSync(`/proc/${this.#pid}/fd`).length
    } catch {
      // It has ended.
      return 0
    }
  }

  /** Megabytes of objects and buffers that are still reachable, after a full collection. */
  async heldMb(): Promise<number> {
    const socket = connect(this.#heapProbe)
    let text = ''
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    await once(socket, 'end')
    socket.destroy()
    return Number(text) / 1_048_576
  }

  /** Processor time of the main thread so far. */
  get cpuMs(): number {
    return this.#scheduled().ranMs
  }

  /** Resolves when the process has little to do. Rejects if it never has. */
  async rest(): Promise<void> {
    const deadline = performance.now() + restMsMax
    for (;;) {
      const [before, startedMs] = [this.#scheduled(), performance.now()]
      await delay(restWindowMs)
      const after = this.#scheduled()
      const busyMs = after.ranMs + after.waitedMs - before.ranMs - before.waitedMs
      if (busyMs < restShare * (performance.now() - startedMs)) return
      if (performance.now() > deadline) throw new Error(`The node is still busy after ${restMsMax} ms.`)
    }
  }

  #scheduled(): { ranMs: number; waitedMs: number } {
    const [ran, waited] = readFileSync(`/proc/${this.#pid}/schedstat`, 'utf8').split(' ')
    return { ranMs: Number(ran) / 1e6, waitedMs: Number(waited) / 1e6 }
  }

  #statusMb(name: string): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8')
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024
  }
}
