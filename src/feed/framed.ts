import { constants, deflateRawSync } from 'node:zlib'
import { frame, frameHeader, opcodes } from './websocket/frames.ts'

/** A message that is smaller than this is sent as it is: what compressing saves of it, the packet's header costs. */
const deflateBytesMin = 1_024
/** Every compressed block ends so, and it is left out (RFC 7692, 7.2.1). */
const blockEndBytes = 4

/** A text message as a websocket frame, plain and compressed, each made once and only if somebody takes it so. */
export class Framed {
  readonly #payload: Buffer
  #deflatedPayload: Buffer | null = null
  #plain: Buffer | null = null
  #deflated: Buffer | null = null

  constructor(text: string) {
    this.#payload = Buffer.from(text)
  }

  /** `deflate`: for one who agreed to compressed messages. */
  frame(deflate: boolean): Buffer {
    if (this.#isDeflated(deflate)) {
      this.#deflated ??= frame(opcodes.text, this.#compressed(), true)
      return this.#deflated
    }
    this.#plain ??= frame(opcodes.text, this.#payload)
    return this.#plain
  }

  /**
   * One frame of `head` and then this text, in two parts: the first differs with the head, the second is the same buffer
   * for every head, so that many answers with the same content cost as much as one. `head` is ASCII, below 64 KiB.
   */
  behind(head: string, deflate: boolean): readonly [Buffer, Buffer] {
    const start = Buffer.from(head, 'latin1')
    if (!this.#isDeflated(deflate)) {
      return [Buffer.concat([frameHeader(opcodes.text, start.length + this.#payload.length), start]), this.#payload]
    }
    const block = storedBlock(start)
    const compressed = this.#compressed()
    return [Buffer.concat([frameHeader(opcodes.text, block.length + compressed.length, true), block]), compressed]
  }

  #isDeflated(deflate: boolean): boolean {
    return deflate && this.#payload.length >= deflateBytesMin
  }

  #compressed(): Buffer {
    if (this.#deflatedPayload === null) {
      const whole = deflateRawSync(this.#payload, { finishFlush: constants.Z_SYNC_FLUSH })
      this.#deflatedPayload = whole.subarray(0, whole.length - blockEndBytes)
    }
    return this.#deflatedPayload
  }
}

/** Bytes as a block of a deflate stream that other blocks follow, not compressed (RFC 1951, 3.2.4). */
function storedBlock(bytes: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt16LE(bytes.length, 1)
  header.writeUInt16LE(bytes.length ^ 0xffff, 3)
  return Buffer.concat([header, bytes])
}
