import assert from 'node:assert/strict'
import test from 'node:test'
import { decodePacket } from 'engine.io-parser'
import fc from 'fast-check'
import { Decoder, type Packet, PacketType } from 'socket.io-parser'
import { type ClientPacket, parsePacket } from '../../../src/feed/websocket/packets.ts'
import { fuzzSeed, packets } from './fuzz-inputs.ts'

const runs = 20_000

/** What the stock parsers make of a packet; null if they refuse it. */
function readByStock(text: string): { readonly engine: string; readonly packet: Packet | null } | null {
  const { type, data } = decodePacket(text, 'nodebuffer')
  if (type === 'error') return null
  if (type !== 'message') return { engine: type, packet: null }
  const decoder = new Decoder()
  let packet: Packet | null = null
  decoder.on('decoded', (decoded: Packet) => {
    packet = decoded
  })
  try {
    decoder.add(data)
  } catch {
    return null
  }
  // One that waits for what is binary.
  return { engine: type, packet }
}

/** What both make of a packet, in one form. */
function described(kind: string, ...parts: readonly unknown[]): string {
  return `${kind} ${JSON.stringify(parts)}`
}

function ours(packet: ClientPacket): string {
  if (packet.kind === 'connect' || packet.kind === 'disconnect') return described(packet.kind, packet.namespace)
  if (packet.kind !== 'event') return packet.kind
  return described('event', packet.namespace, packet.id === null ? null : Number(packet.id), packet.event)
}

function theirs(text: string): string {
  const read = readByStock(text)
  if (read === null) return 'bad'
  const { engine, packet } = read
  if (engine !== 'message')
    return ({ pong: 'pong', close: 'close', noop: 'other' } as Record<string, string>)[engine] ?? 'bad'
  if (packet === null) return 'binary'
  const namespace = packet.nsp
  if (packet.type === PacketType.CONNECT) return described('connect', namespace)
  if (packet.type === PacketType.DISCONNECT) return described('disconnect', namespace)
  if (packet.type === PacketType.EVENT) {
    return described('event', namespace, packet.id ?? null, packet.data ?? null)
  }
  return 'other'
}

interface Difference {
  readonly why: string
  readonly shows: (text: string, ours: string, theirs: string) => boolean
}

/** Where ours and the stock parsers part on purpose; each must show in some input, or it is no difference any more. */
const differences: readonly Difference[] = [
  {
    why: 'nothing binary is taken, since no follower has any to send',
    shows: (_text, mine, stock) => mine === 'bad' && stock === 'binary',
  },
  {
    why: 'a namespace has 200 characters at most',
    shows: (text, mine) => mine === 'bad' && /^4\d\/[^,]{200}/.test(text),
  },
  {
    why: 'the id of an acknowledgement has 15 digits at most, which is as many as a number holds',
    shows: (text, mine) => mine === 'bad' && /^4\d(\/[^,]*,)?\d{16}/.test(text),
  },
  {
    why: 'a blank is no digit, of a type or an id, but JSON may begin with some',
    shows: (text) => /^4(\d(\/[^,]*,)?\d*)?\s/.test(text),
  },
  {
    why: 'an event begins with its name, a text; one of the names that Socket.IO keeps for itself is one that is not known',
    shows: (text, mine, stock) =>
      text.startsWith('42') &&
      (mine === 'bad' ? stock.startsWith('event') : mine.startsWith('event') && stock === 'bad'),
  },
  {
    why: 'what comes with an acknowledgement or an error is not looked at',
    shows: (text, mine, stock) => /^4[34]/.test(text) && mine !== 'bad' && stock === 'bad',
  },
  {
    why: 'a connect is not asked to be acknowledged',
    shows: (text, mine, stock) => /^40(\/[^,]*,)?\d/.test(text) && mine === 'bad' && stock.startsWith('connect'),
  },
]

test(`${runs} packets, right and wrong, are understood as the stock parsers understand them`, () => {
  const shown = new Map(differences.map(({ why }) => [why, 0]))
  const kinds = new Map<string, number>()
  fc.assert(
    fc.property(packets, (text) => {
      const packet = parsePacket(text)
      kinds.set(packet.kind, 1 + (kinds.get(packet.kind) ?? 0))
      const [mine, stock] = [ours(packet), theirs(text)]
      if (mine === stock) return
      const difference = differences.find(({ shows }) => shows(text, mine, stock))
      if (difference === undefined) assert.equal(mine, stock, JSON.stringify(text))
      else shown.set(difference.why, 1 + (shown.get(difference.why) ?? 0))
    }),
    { numRuns: runs, seed: fuzzSeed },
  )
  for (const [why, count] of shown) assert.ok(count > 0, `it never showed: ${why}`)
  for (const kind of ['pong', 'close', 'connect', 'disconnect', 'event', 'other', 'bad']) {
    assert.ok((kinds.get(kind) ?? 0) > 20, `${kind}: ${kinds.get(kind)}`)
  }
})
