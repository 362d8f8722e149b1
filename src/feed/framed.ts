import { constants, deflateRawSync } from 'node:zlib'
import { frame, opcodes } from './websocket/frames.ts'

/** A message that is smaller than this is sent as it is: what compressing saves of it, the packet's header costs. */
const deflateBytesMin = 1_024
/** Every compressed block ends so, and it is left out (RFC 7692, 7.2.1). */
const blockEndBytes = 4

/** A text message as a websocket frame, plain and compressed, each made once and only if somebody takes it so. */
export class Framed {
  readonly #payload: Buffer
  #plain: Buffer | null = null
  #deflated: Buffer | null = null

  constructor(text: string) {
    this.#payload = Buffer.from(text)
  }

  /** `deflate`: for one who agreed to compressed messages. */
  frame(deflate: boolean): Buffer {
    if (!deflate || this.#payload.length < deflateBytesMin) {
      this.#plain ??= frame(opcodes.text, this.#payload)
      return this.#plain
    }
    if (this.#deflated === null) {
      const whole = deflateRawSync(this.#payload, { finishFlush: constants.Z_SYNC_FLUSH })
      this.#deflated = frame(opcodes.text, whole.subarray(0, whole.length - blockEndBytes), true)
    }
    return this.#deflated
  }
}
