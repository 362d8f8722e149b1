import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import {
  type CloseCode,
  type FrameSink,
  frame,
  opcodes,
  readFrames,
  type Unread,
} from '../../../src/feed/websocket/frames.ts'

const limits = { messageBytesMax: 1_000, fragmentsMax: 8, deflate: true }

/** Writes down what came of a client's frames. */
class Heard implements FrameSink {
  readonly events: string[] = []

  message(opcode: number, payload: Buffer, deflated: boolean): void {
    this.events.push(`message ${opcode} ${payload.toString('hex')} ${deflated}`)
  }

  fragment(): void {
    this.events.push('fragment')
  }

  ping(payload: Buffer): void {
    this.events.push(`ping ${payload.toString('hex')}`)
  }

  pong(): void {
    this.events.push('pong')
  }

  closed(payload: Buffer): void {
    this.events.push(`closed ${payload.toString('hex')}`)
  }

  failed(code: CloseCode): void {
    this.events.push(`failed ${code}`)
  }
}

/** A frame of a client: masked, whole or a fragment. */
function clientFrame(first: number, payload: Buffer, mask = randomBytes(4)): Buffer {
  const { length } = payload
  const header = length < 126 ? [first, 0x80 | length] : [first, 0x80 | 126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(header), mask, payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0))])
}

function heardOf(bytes: Buffer, cuts: readonly number[], deflate = true): string[] {
  const unread: Unread = { rest: null, fragments: null }
  const heard = new Heard()
  let at = 0
  for (const cut of [...cuts.map((part) => part % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)) {
    // A copy, since unmasking works in place.
    if (cut > at && !readFrames(unread, Buffer.from(bytes.subarray(at, cut)), { ...limits, deflate }, heard)) break
    at = cut
  }
  return heard.events
}

const payloads = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const controls = fc.uint8Array({ maxLength: 125 }).map((bytes) => Buffer.from(bytes))
const said = fc.oneof(
  fc.record({
    kind: fc.constant('message' as const),
    payload: payloads,
    deflated: fc.boolean(),
    parts: fc.array(fc.nat(300), { maxLength: 3 }),
    between: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('ping' as const), payload: controls }),
)

test('however a client cuts its messages into frames, and the network its frames into pieces, they are read as they were said', () => {
  fc.assert(
    fc.property(fc.array(said, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 8 }), (all, cuts) => {
      const frames: Buffer[] = []
      const expected: string[] = []
      for (const one of all) {
        if (one.kind === 'ping') {
          frames.push(clientFrame(0x80 | opcodes.ping, one.payload))
          expected.push(`ping ${one.payload.toString('hex')}`)
          continue
        }
        const ends = [...one.parts.map((part) => part % (one.payload.length + 1)), one.payload.length].sort(
          (a, b) => a - b,
        )
        let from = 0
        for (const [i, to] of ends.entries()) {
          const opcode = i === 0 ? opcodes.text | (one.deflated ? 0x40 : 0) : opcodes.continuation
          frames.push(clientFrame((i === ends.length - 1 ? 0x80 : 0) | opcode, one.payload.subarray(from, to)))
          from = to
          if (i < ends.length - 1) expected.push('fragment')
          // A control frame may come between the fragments of a message (RFC 6455, 5.4).
          if (one.between && i < ends.length - 1) {
            frames.push(clientFrame(0x80 | opcodes.pong, Buffer.alloc(0)))
            expected.push('pong')
          }
        }
        expected.push(`message ${opcodes.text} ${one.payload.toString('hex')} ${one.deflated}`)
      }
      assert.deepEqual(heardOf(Buffer.concat(frames), cuts), expected)
    }),
    { numRuns: 300 },
  )
})

const text = 0x80 | opcodes.text
const wrong: [what: string, bytes: Buffer, code: number][] = [
  ['a frame that is not masked', frame(opcodes.text, Buffer.from('2')), 1002],
  ['a reserved bit', clientFrame(text | 0x20, Buffer.from('2')), 1002],
  ['a compressed control frame', clientFrame(0x80 | 0x40 | opcodes.ping, Buffer.alloc(0)), 1002],
  ['an opcode that is not known', clientFrame(0x83, Buffer.alloc(0)), 1002],
  ['a control frame in fragments', clientFrame(opcodes.ping, Buffer.alloc(0)), 1002],
  ['a control frame that is too long', clientFrame(0x80 | opcodes.ping, Buffer.alloc(126)), 1002],
  ['a continuation of nothing', clientFrame(0x80, Buffer.from('2')), 1002],
  [
    'a message within another',
    Buffer.concat([clientFrame(opcodes.text, Buffer.from('2')), clientFrame(text, Buffer.from('2'))]),
    1002,
  ],
  ['a message that is too long', clientFrame(text, Buffer.alloc(1_001)), 1009],
  [
    'fragments that are too long together',
    Buffer.concat([clientFrame(opcodes.text, Buffer.alloc(600)), clientFrame(0x80, Buffer.alloc(600))]),
    1009,
  ],
  [
    'a message in more frames than it may have, though they are empty',
    Buffer.concat([clientFrame(opcodes.text, Buffer.alloc(0)), ...Array(8).fill(clientFrame(0, Buffer.alloc(0)))]),
    1008,
  ],
]
for (const [what, bytes, code] of wrong) {
  test(`${what} fails with ${code}, and nothing after it is read`, () => {
    const events = heardOf(Buffer.concat([bytes, clientFrame(text, Buffer.from('3'))]), [])
    assert.deepEqual(
      events.filter((event) => event !== 'fragment'),
      [`failed ${code}`],
    )
  })
}

test('a length is refused before the bytes have come', () => {
  assert.deepEqual(heardOf(Buffer.from([text, 0x80 | 127, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]), []), ['failed 1009'])
})

test('a compressed message is refused where none were agreed on', () => {
  assert.deepEqual(heardOf(clientFrame(text | 0x40, Buffer.from('2')), [], false), ['failed 1002'])
})

test('nothing is read after a close', () => {
  const bytes = Buffer.concat([clientFrame(0x80 | opcodes.close, Buffer.alloc(0)), clientFrame(text, Buffer.from('3'))])
  assert.deepEqual(heardOf(bytes, []), ['closed '])
})

const closes: [what: string, payload: number[], event: string][] = [
  ['a code', [0x03, 0xe8], 'closed 03e8'],
  ['a code and a reason', [0x0b, 0xb8, 0x67, 0x6f], 'closed 0bb8676f'],
  ['a code of the registry', [0x03, 0xf6], 'closed 03f6'],
  ['one byte', [0x03], 'failed 1002'],
  ['the code 0', [0, 0], 'failed 1002'],
  ['a code that stands for none', [0x03, 0xed], 'failed 1002'],
  ['a code that nobody has given a meaning', [0x07, 0xd0], 'failed 1002'],
  ['a reason that is not UTF-8', [0x03, 0xe8, 0xff], 'failed 1007'],
]
for (const [what, payload, event] of closes) {
  test(`a close with ${what} is told as "${event}"`, () => {
    assert.deepEqual(heardOf(clientFrame(0x80 | opcodes.close, Buffer.from(payload)), []), [event])
  })
}
