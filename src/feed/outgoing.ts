import type { Encoded } from '../log/log.ts'
import type { Batch, Snapshot } from '../wire/batch.ts'
import type { Cursor } from '../wire/scalars.ts'
import { Framed } from './framed.ts'

/** A batch in the forms in which it leaves, each made once, however many it goes to. */
export class Outgoing {
  readonly batch: Batch
  readonly #encoded: Encoded<Batch>
  #packet: string | null = null
  #framed: Framed | null = null
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

  /** The packet as an Engine.IO message in a websocket frame; compressed for those who agreed to that. */
  frame(deflate: boolean): Buffer {
    this.#framed ??= new Framed(`4${this.packet}`)
    return this.#framed.frame(deflate)
  }

  /** The batch as a server-sent event. */
  get event(): Buffer {
    const { epoch, to } = this.batch
    this.#event ??= sseEvent('batch', `${epoch}:${to}` as Cursor, this.#encoded.json)
    return this.#event
  }
}

/** By the snapshot's JSON, which all who start from it share. */
const snapshotEvents = new WeakMap<Buffer, Buffer>()

/** A snapshot as a server-sent event: the same bytes for all who start from it, however slowly they take them. */
export function snapshotEvent(encoded: Encoded<Snapshot>): Buffer {
  const event = snapshotEvents.get(encoded.json) ?? sseEvent('snapshot', encoded.value.cursor, encoded.json)
  snapshotEvents.set(encoded.json, event)
  return event
}

/** One event of an event stream (HTML, 9.2.6). */
function sseEvent(name: 'batch' | 'snapshot', id: Cursor, json: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`event: ${name}\nid: ${id}\ndata: `), onOneLine(json), Buffer.from('\n\n')])
}

/**
 * Characters that end no line of an event stream, and are found in JSON as they are, but end a line to clients that split
 * text as Python's `splitlines` does: NEXT LINE, LINE SEPARATOR, PARAGRAPH SEPARATOR.
 */
const separators = ['\u0085', '\u2028', '\u2029']
const anySeparator = /[\u0085\u2028\u2029]/g

/** The JSON on what every client takes for one line: it holds no raw line end, and these characters are escaped. */
function onOneLine(json: Buffer): Buffer {
  if (!separators.some((separator) => json.includes(separator))) return json
  const escaped = (separator: string) => `\\u${separator.charCodeAt(0).toString(16).padStart(4, '0')}`
  return Buffer.from(json.toString().replaceAll(anySeparator, escaped))
}
