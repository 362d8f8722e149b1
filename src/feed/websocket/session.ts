import { isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import { constants, inflateRawSync } from 'node:zlib'
import type { Steer } from '../../wire/events.ts'
import { limits } from '../../wire/limits.ts'
import type { Answer } from '../answer.ts'
import type { Carrier } from '../carrier.ts'
import { stuckMsMax } from '../channel-feed.ts'
import { Following, type FollowingParts } from '../following.ts'
import type { Outgoing } from '../outgoing.ts'
import type { SliceWriter } from '../slice-writer.ts'
import { TokenBucket } from '../token-bucket.ts'
import {
  type CloseCode,
  closeFrame,
  type FrameSink,
  frame,
  isDeflated,
  opcodes,
  readFrames,
  textFrame,
  type Unread,
} from './frames.ts'
import { Line } from './line.ts'
import type { Owner } from './owner.ts'
import {
  type ClientPacket,
  connectErrorPacket,
  connectPacket,
  defaultNamespace,
  eventPacket,
  parsePacket,
} from './packets.ts'

/** A client sends little: follow, unfollow and pongs. */
export const messageBytesMax = 16_384
const { fragmentsPerMessageMax: fragmentsMax } = limits
/** What was left out at the end of each compressed message (RFC 7692, 7.2.2). */
const blockEnd = Buffer.from([0, 0, 0xff, 0xff])

/** What all sessions share. */
export interface SessionParts extends FollowingParts {
  readonly writer: SliceWriter
  makeId(): string
  /** The session has ended. */
  ended(session: Session): void
}

/**
 * States of a connection, in order. Every client is told that it is in the one namespace there is before it asks to be,
 * which spares it a round trip; some ask late, and say other things before.
 */
const invited = 0
const left = 1
const connected = 2
const closing = 3
const closed = 4

/**
 * One client of Socket.IO that came by websocket: Engine.IO's and Socket.IO's protocols, without what only long polling,
 * upgrades, rooms and namespaces need. What is kept for it is this object, its following, and its socket.
 */
export class Session extends Line implements Carrier, FrameSink, Owner, Unread {
  readonly transport = 'websocket'
  readonly address: string
  rest: Buffer | null = null
  fragments: Unread['fragments'] = null
  readonly #parts: SessionParts
  readonly #following: Following
  #messages: TokenBucket | null = null
  /** A ping has been sent, and no pong has come. */
  #awaitsPong = false
  /** Payload of the client's last ping, which is answered once the connection takes more. */
  #pongDue: Buffer | null = null
  /** A compressed answer has gone out, and the client has said nothing since. */
  #unproven = false
  /** It was visited before it had said that it speaks Socket.IO. */
  #warned = false
  #state: typeof invited | typeof left | typeof connected | typeof closing | typeof closed = invited

  constructor(socket: Socket, address: string, deflate: boolean, parts: SessionParts) {
    super(socket, deflate)
    this.#parts = parts
    this.address = address
    this.#following = new Following(this, parts)
  }

  get connected(): boolean {
    return this.#state === connected
  }

  /** Whether the client went without a word after a compressed answer. To be asked once it has ended. */
  get lostAtCompressed(): boolean {
    return this.#unproven
  }

  send(outgoing: Outgoing): void {
    this.write(outgoing.frame(this.deflate))
  }

  steer(steer: Steer): void {
    if (this.connected) this.write(textFrame(eventPacket('steer', JSON.stringify(steer))))
  }

  /**
   * Ends the connection as one that is lost, without a Close frame: clients in several languages take that frame for a
   * farewell, and stay away. What was written goes out first.
   */
  close(): void {
    if (this.#state >= closing) return
    this.#state = closing
    this.#unproven = false
    this.end()
    this.#following.end()
  }

  /** Ends a connection that the client has ended, or lost by what it sent. */
  #close(last: Buffer): void {
    if (this.#state >= closing) return
    this.#state = closing
    this.#unproven = false
    this.endNow(last)
    this.#following.end()
  }

  cutOff(): void {
    this.#unproven = false
    // What has come and is not read yet is not read any more.
    if (this.#state < closing) this.#state = closing
    this.destroy()
  }

  /**
   * Whether it should have answered the last ping, said who it is, or ended, and did not. A ping may be late to one that
   * still takes what was written before it.
   */
  isOverdue(nowMs: number, pingMs: number): boolean {
    if (this.#state === closing || (this.#state < connected && this.#warned)) return true
    const { stuckSince } = this
    // It may say that it is well as often as it likes: what it does not take is what counts.
    if (stuckSince !== null && nowMs - stuckSince > stuckMsMax) return true
    return this.#awaitsPong && (stuckSince === null || nowMs - stuckSince > pingMs)
  }

  /** To be called before each ping. Lets go of what only a client needs that says something. False: the last one is under way. */
  visited(nowMs: number): boolean {
    const answered = !this.#awaitsPong
    this.#awaitsPong = true
    this.#warned = this.#state < connected
    if (this.#messages?.isFull(nowMs) === true) this.#messages = null
    this.#following.rest(nowMs)
    return answered
  }

  protected sendNow(bytes: Buffer): number {
    return this.#parts.writer.one(this.descriptor, bytes)
  }

  protected drained(): void {
    const pong = this.#pongDue
    this.#pongDue = null
    if (pong !== null) this.write(frame(opcodes.pong, pong))
    this.#following.drained()
  }

  read(chunk: Buffer): void {
    if (this.#state >= closing) return
    const { deflate } = this
    const whole = readFrames(this, chunk, { messageBytesMax, fragmentsMax, deflate }, this)
    // A client that sends its frames in crumbs makes us put them together.
    if (whole && this.rest !== null) this.#floods()
  }

  /** The socket has closed. */
  ended(): void {
    if (this.#state === closed) return
    this.#state = closed
    this.#following.end()
    this.#parts.ended(this)
  }

  message(opcode: number, payload: Buffer, deflated: boolean): void {
    if (this.#state >= closing) return
    this.#unproven = false
    if (opcode !== opcodes.text) {
      this.failed(1003)
      return
    }
    const text = deflated ? inflate(payload) : payload
    if (text === null || !isUtf8(text)) {
      this.failed(1007)
      return
    }
    const packet = parsePacket(text.toString())
    // A pong that was asked for is not counted.
    const isDue = packet.kind === 'pong' && this.#awaitsPong
    if (isDue || !this.#floods()) this.#take(packet)
  }

  fragment(): void {
    this.#floods()
  }

  /** Of pings that come faster than their answers leave, the last one is answered (RFC 6455, 5.5.3). */
  ping(payload: Buffer): void {
    if (this.#state >= closing || this.#floods()) return
    if (this.ready()) this.write(frame(opcodes.pong, payload))
    else this.#pongDue = Buffer.from(payload)
  }

  /** Of a ping that was never sent: it is allowed (RFC 6455, 5.5.3), and of no use. */
  pong(): void {
    this.#floods()
  }

  /** The client is answered with its own code and reason (RFC 6455, 5.5.1). */
  closed(payload: Buffer): void {
    this.#close(frame(opcodes.close, payload))
  }

  failed(code: CloseCode): void {
    this.#close(closeFrame(code))
  }

  #take(packet: ClientPacket): void {
    switch (packet.kind) {
      case 'pong':
        this.#awaitsPong = false
        break
      case 'connect':
        this.#connect(packet.namespace)
        break
      case 'event':
        if (this.#isIn(packet.namespace)) this.#event(packet)
        else this.failed(1000)
        break
      case 'disconnect':
        // It leaves the one namespace there is, and may come back into it on the same connection.
        if (!this.#isIn(packet.namespace)) break
        this.#following.end()
        this.#state = left
        break
      case 'close':
      case 'bad':
        this.failed(1000)
        break
      case 'other':
        break
    }
  }

  #connect(namespace: string): void {
    if (namespace !== defaultNamespace) {
      this.#answer(textFrame(connectErrorPacket(namespace, 'Invalid namespace')))
    } else if (!this.#isIn(namespace)) {
      this.#state = connected
      this.#answer(textFrame(connectPacket(this.#parts.makeId())))
    }
  }

  /** Whoever was invited is in with the first thing that it says there. */
  #isIn(namespace: string): boolean {
    if (namespace !== defaultNamespace) return false
    if (this.#state === invited) this.#state = connected
    return this.connected
  }

  #event({ id, event }: Extract<ClientPacket, { kind: 'event' }>): void {
    const [name, request] = event
    const reply = id === null ? undefined : (answer: Answer) => this.#answer(...answer.frame(id, this.deflate))
    this.#following.take(name, request, reply)
  }

  /** Writes what the client provoked, unless too much waits for it already. */
  #answer(...parts: readonly Buffer[]): void {
    const bytes = parts.reduce((sum, { length }) => sum + length, 0)
    const { waitingBytes } = this
    if (waitingBytes > 0 && waitingBytes + bytes > limits.waitingBytesMax) {
      this.#parts.admission.note('backlog')
      this.cutOff()
      return
    }
    for (const part of parts) this.write(part)
    const [first] = parts
    if (first !== undefined && isDeflated(first)) this.#unproven = true
  }

  /** Counts something that the client sent. True if it sends too much, and is cut off. */
  #floods(): boolean {
    if (this.#state >= closing) return true
    const now = performance.now()
    this.#messages ??= new TokenBucket(limits.messagesPerSecondMax, limits.messagesBurstMax, now)
    if (this.#messages.take(now)) return false
    this.#parts.admission.note('flood')
    this.cutOff()
    return true
  }
}

/** Null where it is no compressed message, or a larger one than any client sends. */
function inflate(payload: Buffer): Buffer | null {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: messageBytesMax }
    return inflateRawSync(Buffer.concat([payload, blockEnd]), options)
  } catch {
    return null
  }
}
