import type { Socket } from 'node:net'
import type { Direct } from '../slice-writer.ts'

const nothing = Buffer.alloc(0)

/** Node keeps the descriptor, and what libuv has not written yet, with a socket's handle, which has no public name. */
interface WithHandle {
  readonly _handle: { readonly fd: number; readonly writeQueueSize: number } | null
}

/** The way out of a connection: what is written to it, what waits in it, and since when it takes nothing. */
export abstract class Line implements Direct {
  readonly deflate: boolean
  readonly #socket: Socket
  /** The same as long as the socket has its handle; asking that for it costs as much as all else about a follower here. */
  readonly #descriptor: number
  /** The stream has not taken all that it was given. */
  #full = false
  /** Nothing is to follow. The stream knows as well; asking it costs as much again as all else about a follower here. */
  #ended = false
  /** Bytes that libuv had left when it was last seen to write some, and when that was. */
  #left = 0
  #tookAt = 0

  constructor(socket: Socket, deflate: boolean) {
    this.#socket = socket
    this.#descriptor = this.#handle?.fd ?? -1
    this.deflate = deflate
  }

  /** All that waited has gone. */
  protected abstract drained(): void

  get descriptor(): number {
    return this.#handle === null ? -1 : this.#descriptor
  }

  get waitingBytes(): number {
    // A write that is under way counts in the stream as a whole until it has ended, and in the handle by what is left.
    return this.#full ? Math.max(this.#handle?.writeQueueSize ?? 0, this.#socket.writableLength) : 0
  }

  get stuckSince(): number | null {
    if (!this.#full) return null
    const left = this.#handle?.writeQueueSize ?? 0
    if (left !== this.#left) {
      this.#left = left
      this.#tookAt = performance.now()
    }
    return this.#tookAt
  }

  ready(): boolean {
    return !this.#full
  }

  direct(): Direct | null {
    // Where the other side has ended, or the socket has failed, the descriptor takes nothing, and the stream tells.
    return !this.#full && !this.#ended && this.descriptor >= 0 ? this : null
  }

  /** What the kernel did not take goes into the stream. A socket that failed fails there as well, and is told so. */
  sent(whole: Buffer, bytes: number): void {
    this.#queue(bytes > 0 ? whole.subarray(bytes) : whole)
  }

  write(bytes: Buffer): void {
    if (this.direct() === null) this.#queue(bytes)
    else {
      const sent = this.sendNow(bytes)
      if (sent < bytes.length) this.#queue(sent === 0 ? bytes : bytes.subarray(sent))
    }
  }

  /** Sends past the stream, which is empty, what the kernel takes now. Gives the bytes that it took. */
  protected abstract sendNow(bytes: Buffer): number

  #queue(bytes: Buffer): void {
    const socket = this.#socket
    if (!socket.writable) return
    socket.write(bytes)
    if (socket.writableLength === 0 || this.#full) return
    this.#full = true
    this.#left = this.#handle?.writeQueueSize ?? 0
    this.#tookAt = performance.now()
    // The stream calls back for what it took last: an empty write behind the rest says that the rest has gone.
    socket.write(nothing, () => this.#flushed())
  }

  onEnd(listener: () => void): void {
    this.#socket.once('close', listener)
  }

  /** Nothing more is written. The connection ends when what was written has gone, and the other side has ended it, too. */
  protected end(): void {
    this.#ended = true
    this.#socket.end()
  }

  /** Ends the connection when this has gone, and what the other side goes on sending is not read any more. */
  protected endNow(last: Buffer): void {
    this.write(last)
    this.#ended = true
    this.#socket.destroySoon()
  }

  protected destroy(): void {
    this.#socket.destroy()
  }

  get #handle(): WithHandle['_handle'] {
    return (this.#socket as unknown as WithHandle)._handle
  }

  #flushed(): void {
    if (this.#socket.writableLength > 0) {
      this.#socket.write(nothing, () => this.#flushed())
      return
    }
    this.#full = false
    this.drained()
  }
}
