import cluster, { type Worker } from 'node:cluster'
import { mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { HandOver } from './hand-over.ts'
import { type FromPrimary, fromWorker } from './messages.ts'
import { folderVariable, numberVariable, socketPath } from './place.ts'
import { restartDelayMs, soundMs } from './restart-delay.ts'

/** Socket paths end at 104 to 108 bytes, by system (unix(7)). */
const socketPathBytesMax = 100

export interface WorkersOptions {
  readonly count: number
  /** What a worker runs. */
  readonly program: string
  /** What is set in a worker's environment besides what is set in this process's. */
  readonly environment: Readonly<Record<string, string>>
  /** A worker that is told to stop and takes longer is killed. */
  readonly stopMsMax: number
  readonly logger: Logger
}

interface End {
  readonly code: number | null
  readonly signal: string | null
}

interface Running {
  readonly process: Worker
  readonly startedAt: number
  readonly exited: Promise<End>
  readonly handOver: HandOver
  /** Null until it is ready for the first time: one that is only starting has nobody yet. */
  ready: boolean | null
}

/**
 * The workers of a node, seen from the primary, which serves nobody itself: it brings a connection from one worker to
 * another, and starts again a worker that ends by itself.
 */
export class Workers {
  readonly #options: WorkersOptions
  readonly #folder: string
  readonly #stop = new AbortController()
  readonly #running = new Map<number, Running>()
  readonly #restarting = new Set<Promise<void>>()
  /** How often each worker ended within a short time of its start, one time after the other. */
  readonly #failures = new Map<number, number>()
  #restarted = 0

  private constructor(options: WorkersOptions, folder: string) {
    this.#options = options
    this.#folder = folder
    cluster.setupPrimary({ exec: options.program })
    cluster.on('message', (worker, message, handle) => this.#take(worker, message, handle))
    // However this process ends, nobody stays who could not be told.
    process.once('exit', () => this.#kill())
  }

  /** Starts all workers and waits until they listen. Throws what the first one said that could not; then none runs. */
  static async start(options: WorkersOptions): Promise<Workers> {
    const workers = new Workers(options, await socketFolder(options.count))
    try {
      await Promise.all(Array.from({ length: options.count }, (_, number) => workers.#start(number)))
      return workers
    } catch (error) {
      await workers.#abort()
      throw error
    }
  }

  /** Lets all workers stop in good order, at the same time. Throws where one did not. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const ended = await Promise.all([...this.#running].map(([number, running]) => this.#end(number, running)))
    await Promise.all(this.#restarting)
    await rm(this.#folder, { recursive: true, force: true })
    if (!ended.every(Boolean)) throw new Error('a worker did not stop in good order')
  }

  /** Resolves once the worker listens. Throws what it said that kept it from that; then it has ended. */
  async #start(number: number): Promise<void> {
    const running = this.#fork(number)
    const { process, exited } = running
    try {
      await listening(running)
    } catch (error) {
      process.process.kill('SIGKILL')
      await exited
      throw error
    }
    this.#options.logger.info({ worker: number, pid: process.process.pid }, 'a worker listens')
    this.#tellAll()
    const restarting = exited
      .then(({ code, signal }) => this.#ended(number, running, { code, signal }))
      .finally(() => this.#restarting.delete(restarting))
    this.#restarting.add(restarting)
  }

  #fork(number: number): Running {
    const process = cluster.fork({
      ...this.#options.environment,
      [numberVariable]: String(number),
      [folderVariable]: this.#folder,
    })
    // Without a listener an error, as of a message to a worker that is gone, would end this process.
    process.on('error', (error) => this.#options.logger.warn({ worker: number, error: error.message }, 'worker'))
    const handOver = new HandOver()
    const exited = new Promise<End>((resolve) => {
      process.once('exit', (code, signal) => resolve({ code, signal }))
      // The system had no room for one more process.
      if (process.process.pid === undefined) resolve({ code: null, signal: null })
    }).finally(() => {
      this.#running.delete(number)
      handOver.close()
      this.#tellAll()
    })
    const running: Running = { process, startedAt: performance.now(), exited, handOver, ready: null }
    this.#running.set(number, running)
    return running
  }

  /** Starts a worker again that ended by itself, the later the more often it did. */
  async #ended(number: number, { startedAt }: Running, end: End): Promise<void> {
    const { signal } = this.#stop
    const { logger } = this.#options
    if (signal.aborted) return
    if (performance.now() - startedAt > soundMs) this.#failures.delete(number)
    logger.error({ worker: number, ...end }, 'a worker ended; starting it again')
    for (;;) {
      const failures = this.#failures.get(number) ?? 0
      this.#failures.set(number, failures + 1)
      await delay(restartDelayMs(failures), undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      this.#restarted++
      try {
        return await this.#start(number)
      } catch (error) {
        if (signal.aborted) return
        logger.error({ worker: number, error: String(error), failures }, 'a worker could not be started again')
      }
    }
  }

  #take(worker: Worker, received: unknown, socket: unknown): void {
    const message = fromWorker(received)
    const sender = [...this.#running.values()].find(({ process }) => process === worker)
    if (message?.kind === 'ready' && sender !== undefined) {
      sender.ready = message.ready
      this.#tellAll()
    }
    if (message?.kind !== 'connection' && message?.kind !== 'upgrade') return
    // Where that worker is gone, the one that brought it answers that the session is not known.
    const target = this.#running.get(message.to) ?? sender
    if (!(socket instanceof Socket)) {
      if (target !== undefined && message.kind === 'upgrade') this.#tell(target, message)
    } else if (target === undefined) {
      socket.destroy()
    } else {
      target.handOver.give(socket, (sent) => this.#tell(target, message, socket, sent))
    }
  }

  #tell({ process }: Running, message: FromPrimary, socket?: Socket, told: () => void = () => undefined): void {
    if (process.isConnected()) process.send(message, socket, {}, told)
    else told()
  }

  #tellAll(): void {
    const all = [...this.#running.values()]
    const unready = all.filter(({ ready }) => ready === false).length
    for (const running of all) this.#tell(running, { kind: 'node', restarted: this.#restarted, unready })
  }

  /** Whether it ended with 0. */
  async #end(number: number, { process, exited }: Running): Promise<boolean> {
    const { stopMsMax, logger } = this.#options
    const killer = setTimeout(() => {
      logger.error({ worker: number }, 'a worker does not stop; killing it')
      process.process.kill('SIGKILL')
    }, stopMsMax)
    if (process.isConnected()) process.send({ kind: 'stop' } satisfies FromPrimary)
    const { code, signal } = await exited
    clearTimeout(killer)
    if (code !== 0) logger.error({ worker: number, code, signal }, 'a worker did not stop in good order')
    return code === 0
  }

  async #abort(): Promise<void> {
    this.#stop.abort()
    const exits = [...this.#running.values()].map(({ exited }) => exited)
    this.#kill()
    await Promise.all(exits)
    await rm(this.#folder, { recursive: true, force: true })
  }

  #kill(): void {
    for (const { process } of this.#running.values()) process.process.kill('SIGKILL')
  }
}

function listening({ process, exited }: Running): Promise<void> {
  return new Promise((resolve, reject) => {
    process.on('message', (received: unknown) => {
      const message = fromWorker(received)
      if (message?.kind === 'listening') resolve()
      else if (message?.kind === 'failed') reject(new Error(message.message))
    })
    exited.then(({ code, signal }) => reject(new Error(`a worker ended with ${signal ?? code}`)), reject)
  })
}

/** A new folder that only this user may enter, for the workers' private sockets. */
async function socketFolder(count: number): Promise<string> {
  const named = join(tmpdir(), 'wirecopy-workers-')
  const longest = socketPath(`${named}XXXXXX`, count)
  return await mkdtemp(Buffer.byteLength(longest) <= socketPathBytesMax ? named : '/tmp/wirecopy-workers-')
}
