import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'

/** Whole runs of the fuzzers begin with this, so that what fails once fails again. */
export const fuzzSeed = 20_261_126
/** Of a message, for both sides. */
export const messageBytesMax = 1_000

/** One frame as a client might send it, right or wrong. */
interface Sent {
  readonly first: number
  readonly masked: boolean
  readonly mask: number
  readonly payload: Uint8Array
  /** The length in its header is written in so many bytes: 0 for as few as it needs. */
  readonly lengthBytes: 0 | 2 | 8
  /** What the header says beside what comes. */
  readonly lengthDifference: number
}

const control = fc.constantFrom(0x88, 0x89, 0x8a)
/** Mostly what a client may send; the rest is anything. */
const firstBytes = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0x81, 0x81, 0x01, 0x00, 0x80, 0x82) },
  { weight: 3, arbitrary: fc.constantFrom(0x89, 0x8a) },
  { weight: 1, arbitrary: fc.constantFrom(0xc1, 0x41, 0xc2) },
  { weight: 1, arbitrary: control },
  { weight: 1, arbitrary: fc.nat(255) },
)
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('3', '40', '41', '42["follow",{"channel":"x"}]', '2probe', '6'),
)
const encoder = new TextEncoder()
const payloads = fc.oneof(
  { weight: 5, arbitrary: text.map((one) => encoder.encode(one)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 130 }) },
  { weight: 2, arbitrary: text.map((one) => deflated(encoder.encode(one))) },
  // About the bounds of a control frame, of a short length and of a message.
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(0, 125, 126, 127, messageBytesMax - 1, messageBytesMax, messageBytesMax + 1)
      .map((length) => new Uint8Array(length).fill(0x61)),
  },
  // Small as it comes, and past the bound when it is inflated.
  {
    weight: 1,
    arbitrary: fc.constantFrom(900, 1_000, 1_001, 50_000).map((length) => deflated(new Uint8Array(length))),
  },
)

/** As permessage-deflate has it (RFC 7692, 7.2.1). */
function deflated(bytes: Uint8Array): Uint8Array {
  const all = deflateRawSync(bytes, { finishFlush: 2 })
  return all.subarray(0, all.length - 4)
}

const sent: fc.Arbitrary<Sent> = fc.record({
  first: firstBytes,
  masked: fc.oneof({ weight: 40, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  mask: fc.nat(0xffff_ffff),
  payload: payloads,
  lengthBytes: fc.oneof({ weight: 8, arbitrary: fc.constant(0 as const) }, fc.constantFrom(2 as const, 8 as const)),
  lengthDifference: fc.oneof(
    { weight: 40, arbitrary: fc.constant(0) },
    fc.constantFrom(-1, 1, 100, 1_000, 70_000, 2 ** 40),
  ),
})

/** A message in several frames, with control frames between them: what random frames seldom are. */
const message: fc.Arbitrary<Sent[]> = fc
  .record({
    opcode: fc.constantFrom(1, 1, 2),
    compressed: fc.boolean(),
    payload: payloads,
    cuts: fc.array(fc.nat(1_001), { maxLength: 4 }),
    between: fc.option(payloads, { nil: null }),
    mask: fc.nat(0xffff_ffff),
  })
  .map(({ opcode, compressed, payload, cuts, between, mask }) => {
    const bytes = compressed ? deflated(payload) : payload
    const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
    const plain = { masked: true, mask, lengthBytes: 0, lengthDifference: 0 } as const
    return ends.flatMap((end, i) => {
      const fin = i === ends.length - 1 ? 0x80 : 0
      const first = fin | (i === 0 ? opcode | (compressed ? 0x40 : 0) : 0)
      const part = { ...plain, first, payload: bytes.subarray(ends[i - 1] ?? 0, end) }
      return between === null || fin !== 0
        ? [part]
        : [part, { ...plain, first: 0x89, payload: between.subarray(0, 125) }]
    })
  })

/** What a client closes with: nothing, a code and a reason, or what is neither. */
const closePayloads = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.nat(5_100), fc.string({ maxLength: 20 })).map(closePayload) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(0, 999, 1000, 1001, 1003, 1004, 1005, 1006, 1007, 1014, 1015, 2000, 2999, 3000, 4999, 5000),
        fc.string({ unit: 'grapheme', maxLength: 20 }),
      )
      .map(closePayload),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 1 }) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ max: 0xff, maxLength: 20 }).map((reason) => Uint8Array.of(3, 0xe8, ...reason)),
  },
)

function closePayload([code, reason]: readonly [code: number, reason: string]): Uint8Array {
  return Uint8Array.from([code >> 8, code & 0xff, ...encoder.encode(reason)])
}

const close: fc.Arbitrary<Sent> = fc.record({
  first: fc.constant(0x88),
  masked: fc.constant(true),
  mask: fc.nat(0xffff_ffff),
  payload: closePayloads,
  lengthBytes: fc.constant(0 as const),
  lengthDifference: fc.constant(0),
})

function frameOf({ first, masked, mask, payload, lengthBytes, lengthDifference }: Sent): Uint8Array {
  const length = Math.max(0, payload.length + lengthDifference)
  const needs = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const bytes = Math.max(needs, lengthBytes)
  const header = Buffer.alloc(2 + bytes + (masked ? 4 : 0))
  header[0] = first
  header[1] = (masked ? 0x80 : 0) | (bytes === 0 ? length : bytes === 2 ? 126 : 127)
  if (bytes === 2) header.writeUInt16BE(length, 2)
  if (bytes === 8) header.writeBigUInt64BE(BigInt(length), 2)
  if (!masked) return Buffer.concat([header, payload])
  header.writeUInt32BE(mask, 2 + bytes)
  const key = header.subarray(2 + bytes)
  return Buffer.concat([header, payload.map((byte, i) => byte ^ (key[i & 3] ?? 0))])
}

/** What a client sends on a connection, in the pieces in which the network brings it. */
export interface Input {
  readonly bytes: Uint8Array
  /** Where it is cut, as shares of its length. */
  readonly cuts: readonly number[]
}

const bytes = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 8, arbitrary: sent.map((one) => [one]) },
        { weight: 4, arbitrary: message },
        close.map((one) => [one]),
      ),
      { minLength: 1, maxLength: 6 },
    ),
    // A byte that the network, or a broken client, has changed.
    fc.option(fc.tuple(fc.nat(2_000), fc.nat(255)), { nil: null, freq: 8 }),
  )
  .map(([frames, changed]) => {
    const all = Buffer.concat(frames.flat().map(frameOf))
    if (changed !== null && changed[0] < all.length) all[changed[0]] = changed[1]
    return all
  })

export const inputs: fc.Arbitrary<Input> = fc.record({
  bytes,
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
})

export function piecesOf({ bytes: all, cuts }: Input): Buffer[] {
  const ends = [...cuts.map((share) => Math.floor(share * all.length)), all.length].sort((a, b) => a - b)
  // Copies, since unmasking works in place.
  return ends.map((end, i) => Buffer.from(all.subarray(ends[i - 1] ?? 0, end))).filter(({ length }) => length > 0)
}

const namespaces = fc.constantFrom('', '/,', '/other,', '/other?token=1,', '/other', `/${'n'.repeat(250)},`)
const ids = fc.oneof(
  fc.constant(''),
  fc.nat(99).map(String),
  fc.constantFrom('0', '007', '9'.repeat(15), '9'.repeat(16)),
)
const data = fc.oneof(
  { weight: 3, arbitrary: fc.json({ maxDepth: 2 }) },
  fc.constantFrom(
    '',
    '[]',
    '{}',
    '[1]',
    '["follow",{"channel":"x"}]',
    '["connect"]',
    '["disconnecting",1]',
    '["a"',
    '{"token":"x"}',
    '""',
  ),
  fc.string({ maxLength: 10 }),
)

/** Packets of Engine.IO with packets of Socket.IO in them, right or wrong. */
export const packets: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom('0', '1', '2', '2', '2', '3', '4', '5', '6', '7', ''), namespaces, ids, data)
      .map((parts) => `4${parts.join('')}`),
  },
  fc
    .tuple(fc.constantFrom('5', '6'), fc.constantFrom('0-', '1-', '2-'), namespaces, ids, data)
    .map((parts) => `4${parts.join('')}`),
  fc
    .tuple(fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', 'b', ''), fc.string({ maxLength: 10 }))
    .map((parts) => parts.join('')),
  fc.string({ maxLength: 20 }),
)
