import type { Encoded } from '../log/log.ts'
import type { Batch } from '../wire/batch.ts'
import type { Cursor } from '../wire/scalars.ts'

/** A batch in the forms in which it leaves, each made once, however many it goes to. */
export class Outgoing {
  readonly batch: Batch
  readonly #encoded: Encoded<Batch>
  #packet: string | null = null
  #frame: Buffer | null = null
  #event: Buffer | null = null

  private constructor(encoded: Encoded<Batch>) {
    this.batch = encoded.value
    this.#encoded = encoded
  }

  static readonly #made = new WeakMap<Encoded<Batch>, Outgoing>()

  static of(encoded: Encoded<Batch>): Outgoing {
    const made = Outgoing.#made.get(encoded) ?? new Outgoing(encoded)
    Outgoing.#made.set(encoded, made)
    return made
  }

  /** The Socket.IO packet: an event of the default namespace (socket.io-protocol 5). */
  get packet(): string {
    this.#packet ??= `2["batch",${this.#encoded.json.toString()}]`
    return this.#packet
  }

  /** The packet as an Engine.IO message in a websocket frame, as a server sends it: whole and unmasked (RFC 6455, 5.2). */
  get frame(): Buffer {
    this.#frame ??= textFrame(Buffer.from(`4${this.packet}`))
    return this.#frame
  }

  /** The batch as a server-sent event. */
  get event(): Buffer {
    const { epoch, to } = this.batch
    this.#event ??= sseEvent('batch', `${epoch}:${to}` as Cursor, this.#encoded.json)
    return this.#event
  }
}

/** One event of an event stream (HTML, 9.2.6). JSON holds no raw line end, so one data line is enough. */
export function sseEvent(name: 'batch' | 'snapshot', id: Cursor, json: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`event: ${name}\nid: ${id}\ndata: `), json, Buffer.from('\n\n')])
}

const finalText = 0x81

function textFrame(payload: Buffer): Buffer {
  const { length } = payload
  if (length < 126) return Buffer.concat([Buffer.from([finalText, length]), payload])
  const header = Buffer.alloc(length < 65_536 ? 4 : 10)
  header[0] = finalText
  if (length < 65_536) {
    header[1] = 126
    header.writeUInt16BE(length, 2)
  } else {
    header[1] = 127
    header.writeBigUInt64BE(BigInt(length), 2)
  }
  return Buffer.concat([header, payload])
}
