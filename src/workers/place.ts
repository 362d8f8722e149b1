import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { HandOver, takenMsMax } from './hand-over.ts'
import { type FromWorker, fromPrimary } from './messages.ts'

/** The variables by which a worker learns its place. */
export const numberVariable = 'WIRECOPY_WORKER'
export const folderVariable = 'WIRECOPY_WORKER_SOCKETS'

/** Where the worker with this number listens for the others. */
export function socketPath(folder: string, number: number): string {
  return join(folder, `${number}.sock`)
}

type TakeUpgrade = (text: Buffer, socket: Socket) => void

/** A worker's place among those of its node, and its line to the primary. */
export class Place {
  readonly number: number
  readonly count: number
  /** Where the private sockets of the node's workers are; nobody else may enter. */
  readonly folder: string
  readonly #logger: Logger
  readonly #handOver = new HandOver()
  #handedOver = 0
  /** Connections handed over to this worker, until it hears what came on them. */
  readonly #arrived = new Map<string, Socket>()
  #takeUpgrade: TakeUpgrade | null = null
  #restarted = 0
  #unready = 0
  #stop: () => void = () => process.exit(0)

  constructor(environment: Readonly<Record<string, string | undefined>>, count: number, logger: Logger) {
    this.number = Number(environment[numberVariable])
    this.folder = environment[folderVariable] ?? ''
    this.count = count
    this.#logger = logger
    process.on('message', (message, handle) => this.#take(message, handle as Socket | undefined))
  }

  /** How many workers of the node ended by themselves and were started again. */
  get restarted(): number {
    return this.#restarted
  }

  /** How many workers of the node were ready, and are not. */
  get unready(): number {
    return this.#unready
  }

  /** Runs once the primary says that the node stops. Before that is set, the process just ends. */
  onStop(stop: () => void): void {
    this.#stop = stop
  }

  /** Takes what other workers hand over to this one. */
  onUpgrade(take: TakeUpgrade): void {
    this.#takeUpgrade = take
  }

  listening(): void {
    this.#tell({ kind: 'listening' })
  }

  ready(ready: boolean): void {
    this.#tell({ kind: 'ready', ready })
  }

  /** Tells why this worker can't start. The primary then ends it: one that ended by itself might not be heard. */
  failed(message: string): void {
    this.#tell({ kind: 'failed', message })
  }

  /** Hands a connection over to another worker, with the request for an upgrade that came on it. */
  handOver(to: number, text: Buffer, socket: Socket): void {
    // A server asks all processes that its sockets were sent to before it closes; this one is no longer its own.
    Object.assign(socket, { server: null })
    const id = `${this.number}-${this.#handedOver++}`
    this.#handOver.give(socket, (sent) => this.#tell({ kind: 'connection', id, to }, socket, sent))
    this.#tell({ kind: 'upgrade', id, to, text: text.toString('base64') })
  }

  #take(received: unknown, socket: Socket | undefined): void {
    socket?.on('error', () => undefined)
    const message = fromPrimary(received)
    switch (message?.kind) {
      case 'stop':
        this.#stop()
        return
      case 'node':
        this.#restarted = message.restarted
        this.#unready = message.unready
        return
      case 'connection':
        // Its client may have left on the way.
        if (socket !== undefined) this.#await(message.id, socket)
        return
      case 'upgrade':
        this.#upgrade(message.id, Buffer.from(message.text, 'base64'))
        return
      case undefined:
        return
    }
  }

  #await(id: string, socket: Socket): void {
    this.#arrived.set(id, socket)
    socket.on('close', () => this.#arrived.delete(id))
    socket.setTimeout(takenMsMax, () => socket.destroy())
  }

  #upgrade(id: string, text: Buffer): void {
    const socket = this.#arrived.get(id)
    if (socket === undefined) return
    this.#arrived.delete(id)
    socket.setTimeout(0).removeAllListeners('timeout')
    if (this.#takeUpgrade === null) socket.destroy()
    else this.#takeUpgrade(text, socket)
  }

  #tell(message: FromWorker, socket?: Socket, told: () => void = () => undefined): void {
    if (process.send === undefined || !process.connected) {
      told()
      return
    }
    process.send(message, socket, {}, (error) => {
      if (error !== null) this.#logger.warn({ error: error.message, kind: message.kind }, 'the primary was not reached')
      told()
    })
  }
}
