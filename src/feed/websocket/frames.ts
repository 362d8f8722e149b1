import { isUtf8 } from 'node:buffer'

/** Opcodes of frames (RFC 6455, 5.2). */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

const fin = 0x80
const rsv1 = 0x40
const otherRsv = 0x30
const masked = 0x80
const headerBytesMax = 14
const textStart = String.fromCharCode(fin | opcodes.text)

/** Why a connection is to be closed (RFC 6455, 7.4.1). */
export type CloseCode = 1000 | 1002 | 1003 | 1007 | 1008 | 1009

/** What comes of a client's frames. */
export interface FrameSink {
  /** A whole message; `deflated` where its payload is compressed (RFC 7692, 6). Must not be kept: it lies in a read buffer. */
  message(opcode: number, payload: Buffer, deflated: boolean): void
  /** A frame of a message that has not ended. */
  fragment(): void
  /** Must not be kept either. */
  ping(payload: Buffer): void
  pong(): void
  /** The client closes. The payload is its code and reason, or empty. Must not be kept. */
  closed(payload: Buffer): void
  /** The client does what it must not. Nothing after it is read. */
  failed(code: CloseCode): void
}

/** What is kept between two reads: the beginning of a frame, and the fragments of a message that has not ended. */
export interface Unread {
  rest: Buffer | null
  fragments: { opcode: number; deflated: boolean; bytes: number; count: number; parts: Buffer[] } | null
}

export interface FrameLimits {
  /** Of a whole message, as it comes. */
  readonly messageBytesMax: number
  /** Frames of one message, the last one included: a frame without a payload costs the client six bytes, and us more. */
  readonly fragmentsMax: number
  /** Whether compressed messages were agreed on. */
  readonly deflate: boolean
}

/** Reads the frames of a client, which are masked (RFC 6455, 5.3). Gives false where it failed or closed. */
export function readFrames(unread: Unread, chunk: Buffer, limits: FrameLimits, sink: FrameSink): boolean {
  const data = unread.rest === null ? chunk : Buffer.concat([unread.rest, chunk])
  unread.rest = null
  let at = 0
  while (at < data.length) {
    const frame = frameAt(data, at)
    if (frame === null) {
      // A copy, since the chunk is a slice of a pool that would stay in memory with it.
      unread.rest = Buffer.from(data.subarray(at))
      return true
    }
    if (frame.length > limits.messageBytesMax) return fail(sink, 1009)
    const wrong = wrongIn(frame, limits.deflate)
    if (wrong !== null) return fail(sink, wrong)
    const end = frame.start + frame.length
    if (end > data.length) {
      unread.rest = Buffer.from(data.subarray(at))
      return true
    }
    const payload = data.subarray(frame.start, end)
    unmask(payload, data, frame.start - 4)
    at = end
    if (!take(unread, frame, payload, limits, sink)) return false
  }
  return true
}

interface Frame {
  readonly first: number
  readonly isMasked: boolean
  readonly length: number
  /** Where the payload begins. */
  readonly start: number
}

function frameAt(data: Buffer, at: number): Frame | null {
  const have = data.length - at
  if (have < 2) return null
  const first = data.readUInt8(at)
  const second = data.readUInt8(at + 1)
  const short = second & 0x7f
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8
  const isMasked = (second & masked) !== 0
  const headerBytes = 2 + lengthBytes + (isMasked ? 4 : 0)
  if (have < Math.min(headerBytes, headerBytesMax)) return null
  let length = short
  if (short === 126) length = data.readUInt16BE(at + 2)
  else if (short === 127) length = Number(data.readBigUInt64BE(at + 2))
  return { first, isMasked, length, start: at + headerBytes }
}

function wrongIn({ first, isMasked, length }: Frame, deflate: boolean): CloseCode | null {
  const opcode = first & 0x0f
  const control = opcode >= 8
  if (!isMasked || (first & otherRsv) !== 0) return 1002
  if ((first & rsv1) !== 0 && (!deflate || control || opcode === opcodes.continuation)) return 1002
  if (control && (length > 125 || (first & fin) === 0)) return 1002
  // A close has a code of two bytes, or nothing (RFC 6455, 5.5.1).
  if (opcode === opcodes.close && length === 1) return 1002
  return opcode <= 2 || (opcode >= 8 && opcode <= 10) ? null : 1002
}

function take(unread: Unread, { first }: Frame, payload: Buffer, limits: FrameLimits, sink: FrameSink): boolean {
  const opcode = first & 0x0f
  const last = (first & fin) !== 0
  switch (opcode) {
    case opcodes.close:
      return close(payload, sink)
    case opcodes.ping:
      sink.ping(payload)
      return true
    case opcodes.pong:
      sink.pong()
      return true
    case opcodes.continuation:
      return takeFragment(unread, payload, last, limits, sink)
    default:
      if (unread.fragments !== null) return fail(sink, 1002)
      if (last) sink.message(opcode, payload, (first & rsv1) !== 0)
      else {
        const parts = [Buffer.from(payload)]
        unread.fragments = { opcode, deflated: (first & rsv1) !== 0, bytes: payload.length, count: 1, parts }
        sink.fragment()
      }
      return true
  }
}

/** Nothing after a close is read, whether it is valid or not. */
function close(payload: Buffer, sink: FrameSink): false {
  if (payload.length > 0) {
    if (!mayBeSent(payload.readUInt16BE())) return fail(sink, 1002)
    if (!isUtf8(payload.subarray(2))) return fail(sink, 1007)
  }
  sink.closed(payload)
  return false
}

/** Whether an endpoint may close with this code (RFC 6455, 7.4, and IANA's registry of close codes). */
function mayBeSent(code: number): boolean {
  if (code >= 3000) return code <= 4999
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
}

function takeFragment(unread: Unread, payload: Buffer, last: boolean, limits: FrameLimits, sink: FrameSink): boolean {
  const { fragments } = unread
  if (fragments === null) return fail(sink, 1002)
  fragments.bytes += payload.length
  fragments.count++
  if (fragments.bytes > limits.messageBytesMax) return fail(sink, 1009)
  if (fragments.count > limits.fragmentsMax) return fail(sink, 1008)
  fragments.parts.push(Buffer.from(payload))
  if (!last) {
    sink.fragment()
    return true
  }
  unread.fragments = null
  sink.message(fragments.opcode, Buffer.concat(fragments.parts), fragments.deflated)
  return true
}

function fail(sink: FrameSink, code: CloseCode): false {
  sink.failed(code)
  return false
}

function unmask(payload: Buffer, data: Buffer, maskAt: number): void {
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (data[maskAt + (i & 3)] ?? 0)
}

/** A frame of a server: whole and unmasked (RFC 6455, 5.2). */
export function frame(opcode: number, payload: Uint8Array, deflated = false): Buffer {
  return Buffer.concat([frameHeader(opcode, payload.length, deflated), payload])
}

/** What comes before the payload of such a frame. */
export function frameHeader(opcode: number, length: number, deflated = false): Buffer {
  const first = fin | opcode | (deflated ? rsv1 : 0)
  if (length < 126) return Buffer.from([first, length])
  const header = Buffer.alloc(length < 65_536 ? 4 : 10)
  header[0] = first
  if (length < 65_536) {
    header[1] = 126
    header.writeUInt16BE(length, 2)
  } else {
    header[1] = 127
    header.writeBigUInt64BE(BigInt(length), 2)
  }
  return header
}

/** Whether a frame that was made here is compressed. */
export function isDeflated(made: Buffer): boolean {
  return ((made[0] ?? 0) & rsv1) !== 0
}

export function textFrame(text: string): Buffer {
  return frame(opcodes.text, Buffer.from(text))
}

/** The frame of a text message of ASCII alone, byte by character, so that several make one buffer. */
export function asciiFrame(text: string): string {
  const { length } = text
  if (length > 65_535) throw new RangeError('such a message is made by textFrame')
  const size = length < 126 ? String.fromCharCode(length) : String.fromCharCode(126, length >> 8, length & 0xff)
  return `${textStart}${size}${text}`
}

export function closeFrame(code: CloseCode): Buffer {
  const payload = Buffer.alloc(2)
  payload.writeUInt16BE(code)
  return frame(opcodes.close, payload)
}
