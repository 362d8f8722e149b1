import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import type { Writable } from 'node:stream'
import test from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { constants, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import * as ws from 'ws'
import { type CloseCode, type FrameSink, opcodes, readFrames, type Unread } from '../../../src/feed/websocket/frames.ts'
import { fuzzSeed, inputs, messageBytesMax, piecesOf } from './fuzz-inputs.ts'

const runs = 20_000
/** Few, so that some messages have more. */
const fragmentsMax = 4
const headerBytesMax = 14
/** What ws calls a close without a code. */
const noCode = 1005
/** A frame's header, and what has come of a payload that is not whole. */
const restBytesMax = headerBytesMax + messageBytesMax

/** What came of a connection's bytes. */
interface Heard {
  readonly events: readonly string[]
  /** How it ended: the code of a failure, a close and what it says, or null if the reader would go on. */
  ended: number | `closed ${string}` | null
}

function message(opcode: number, bytes: Buffer): string {
  return `message ${opcode} ${bytes.toString('hex')}`
}

const blockEnd = Buffer.from([0, 0, 0xff, 0xff])

/** Reads as a session does, which inflates what is compressed, and takes no text that is not UTF-8. */
class OurReader implements FrameSink, Unread, Heard {
  readonly events: string[] = []
  ended: Heard['ended'] = null
  rest: Unread['rest'] = null
  /** Whether a compressed message came in fragments, and which events are of such. */
  inflatesLate = false
  readonly late = new Set<number>()
  #endedDeflated = false
  /** Whether a message was larger than any may be when it was inflated. */
  inflatedTooFar = false
  #fragments: Unread['fragments'] = null

  get fragments(): Unread['fragments'] {
    return this.#fragments
  }

  set fragments(fragments: Unread['fragments']) {
    this.#endedDeflated = fragments === null && this.#fragments?.deflated === true
    this.#fragments = fragments
    if (fragments?.deflated === true) this.inflatesLate = true
  }

  read(pieces: readonly Buffer[]): this {
    for (const piece of pieces) {
      if (this.ended !== null || !readFrames(this, piece, { messageBytesMax, fragmentsMax, deflate: true }, this)) break
      assert.ok((this.rest?.length ?? 0) <= restBytesMax, 'more is kept than a frame')
      assert.ok((this.fragments?.bytes ?? 0) <= messageBytesMax, 'more is kept than a message')
      assert.ok((this.fragments?.parts.length ?? 0) <= fragmentsMax, 'more is kept than a message has parts')
    }
    return this
  }

  message(opcode: number, payload: Buffer, deflated: boolean): void {
    if (this.ended !== null) return
    if (this.#endedDeflated) this.late.add(this.events.length)
    this.#endedDeflated = false
    try {
      const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: messageBytesMax }
      const whole = deflated ? inflateRawSync(Buffer.concat([payload, blockEnd]), options) : payload
      if (opcode === opcodes.text && !isUtf8(whole)) this.ended = 1007
      else this.events.push(message(opcode, whole))
    } catch (error) {
      this.inflatedTooFar = error instanceof RangeError
      this.ended = 1007
    }
  }

  fragment(): void {
    // That some have come is told by the message, and bounded by the reader.
  }

  ping(payload: Buffer): void {
    if (this.ended === null) this.events.push(`ping ${payload.toString('hex')}`)
  }

  pong(): void {
    if (this.ended === null) this.events.push('pong')
  }

  closed(payload: Buffer): void {
    this.ended ??= `closed ${payload.toString('hex')}`
  }

  failed(code: CloseCode): void {
    this.ended ??= code
  }
}

/** What ws has, and its types do not tell. */
interface WsParts {
  readonly Receiver: new (options: object) => Writable
  readonly PerMessageDeflate: new (options: object) => { accept(offers: readonly object[]): unknown; cleanup(): void }
}

/** What ws hears, by the limits that ours has. */
async function readByWs(pieces: readonly Buffer[]): Promise<Heard> {
  const { Receiver, PerMessageDeflate } = ws as unknown as WsParts
  const noTakeover = { serverNoContextTakeover: true, clientNoContextTakeover: true }
  const deflate = new PerMessageDeflate({ isServer: true, maxPayload: messageBytesMax, ...noTakeover })
  deflate.accept([{}])
  const extensions = { 'permessage-deflate': deflate }
  const receiver = new Receiver({ isServer: true, maxPayload: messageBytesMax, maxFragments: fragmentsMax, extensions })
  const heard: { events: string[]; ended: Heard['ended'] } = { events: [], ended: null }
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    heard.events.push(message(isBinary ? opcodes.binary : opcodes.text, data))
  })
  receiver.on('ping', (data: Buffer) => heard.events.push(`ping ${data.toString('hex')}`))
  receiver.on('pong', () => heard.events.push('pong'))
  receiver.on('conclude', (code: number, reason: Buffer) => {
    const said = code === noCode ? '' : code.toString(16).padStart(4, '0') + reason.toString('hex')
    heard.ended ??= `closed ${said}`
  })
  receiver.on('error', (error) => {
    const [code] = Object.getOwnPropertySymbols(error).map((symbol) => Reflect.get(error, symbol))
    heard.ended ??= Number(code)
  })
  for (const piece of pieces) {
    if (heard.ended !== null) break
    await new Promise<void>((resolve) => receiver.write(piece, () => resolve()))
  }
  receiver.destroy()
  deflate.cleanup()
  return heard
}

interface Difference {
  readonly why: string
  readonly shows: (ours: OurReader, theirs: Heard, bytes: Uint8Array) => boolean
}

/** Where ours and ws part on purpose. Each must show in some input, or it is no difference any more. */
const differences: readonly Difference[] = [
  {
    why: 'a frame is judged when its header is whole, and what it continues when all of it has come, not at its first bytes',
    shows: (ours, theirs) => ours.ended === null && ours.rest !== null && typeof theirs.ended === 'number',
  },
  {
    why: 'a compressed message is inflated when it is whole, not fragment by fragment',
    shows: (ours, theirs) => ours.inflatesLate && (theirs.ended === 1007 || theirs.ended === 1009),
  },
  {
    why: 'a compressed message ends with the block that says it is the last, though a fragment comes behind it',
    shows: (ours, theirs) => ours.late.size > 0 && ours.ended === theirs.ended,
  },
  {
    why: 'a message that inflates past the bound is told to be bad, not to be too big',
    shows: (ours, theirs) => ours.inflatedTooFar && ours.ended === 1007 && theirs.ended === 1009,
  },
  {
    why: 'the length of a control frame may be written in more bytes than it needs, as that of any frame',
    shows: (ours, theirs, bytes) =>
      theirs.ended === 1002 &&
      /^(ping [0-9a-f]{0,250}|pong|closed .*)$/.test(ours.events[theirs.events.length] ?? String(ours.ended)) &&
      bytes.some((byte, i) => byte >= 0x88 && byte <= 0x8a && (bytes[i + 1] ?? 0) >= 0xfe),
  },
  {
    why: 'the length of a frame is looked at first, and its bits after that',
    shows: (ours, theirs) => ours.ended === 1009 && theirs.ended === 1002,
  },
]

test(`${runs} streams of frames, right and wrong, are heard as ws hears them`, async () => {
  const shown = new Map(differences.map(({ why }) => [why, 0]))
  let whole = 0
  const ends = new Map<number | 'closed' | null, number>()
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      const ours = new OurReader().read(piecesOf(input))
      const theirs = await readByWs(piecesOf(input))
      if (ours.events.length > 0) whole++
      const end = typeof ours.ended === 'string' ? 'closed' : ours.ended
      ends.set(end, 1 + (ends.get(end) ?? 0))
      if (ours.ended === theirs.ended && isDeepStrictEqual(ours.events, theirs.events)) return
      const difference = differences.find(({ shows }) => shows(ours, theirs, input.bytes))
      if (difference === undefined) {
        assert.deepEqual([ours.ended, ours.events], [theirs.ended, theirs.events])
      } else {
        shown.set(difference.why, 1 + (shown.get(difference.why) ?? 0))
        // Up to where they part, they have heard the same.
        const both = Math.min(ours.events.length, theirs.events.length)
        for (let i = 0; i < both; i++) if (!ours.late.has(i)) assert.equal(ours.events[i], theirs.events[i])
      }
    }),
    { numRuns: runs, seed: fuzzSeed },
  )
  for (const [why, count] of shown) assert.ok(count > 0, `it never showed: ${why}`)
  // Inputs that all fail at once, or never do, would show nothing.
  assert.ok(whole > runs / 4, `${whole} brought something`)
  for (const end of [null, 'closed', 1002, 1007, 1008, 1009] as const) {
    assert.ok((ends.get(end) ?? 0) > 20, `${end}: ${ends.get(end)}`)
  }
})
