import assert from 'node:assert/strict'
import { Readable, type Writable } from 'node:stream'
import test from 'node:test'
import fc from 'fast-check'
import { Decoder, type Packet } from 'socket.io-parser'
import * as ws from 'ws'
import { Outgoing, snapshotEvent } from '../../src/feed/outgoing.ts'
import { readEvents } from '../helpers/event-stream.ts'

const encoded = (text: string) => {
  const value = { channel: 'war', epoch: 'e', from: 3, to: 5, changes: [{ text }] }
  return { value, json: Buffer.from(JSON.stringify(value)), cursor: 'e:5' } as unknown as Parameters<
    typeof Outgoing.of
  >[0]
}

// The types leave the class out.
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable }

/** What a websocket client takes out of the bytes. */
async function messageIn(frame: Buffer): Promise<string> {
  const receiver = new Receiver({ isServer: false })
  const message = new Promise<string>((resolve, reject) => {
    receiver.once('message', (data: Buffer, isBinary: boolean) =>
      isBinary ? reject(new Error('binary')) : resolve(String(data)),
    )
    receiver.once('error', reject)
  })
  receiver.write(frame)
  return message
}

function packetIn(text: string): Packet {
  const decoder = new Decoder()
  let found: Packet | null = null
  decoder.on('decoded', (packet: Packet) => {
    found = packet
  })
  decoder.add(text)
  assert.ok(found !== null)
  return found
}

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\u2028', 'a\u2029\u2028b\u0085', '\n\n', 'x'.repeat(70), 'é'.repeat(200), 'y'.repeat(70_000)),
)

test('the prebuilt frame is what a websocket client reads as the packet, at any length', async () => {
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const from = encoded(text)
      const outgoing = Outgoing.of(from)
      assert.equal(await messageIn(outgoing.frame(false)), `4${outgoing.packet}`)
      const packet = packetIn(outgoing.packet)
      assert.deepEqual([packet.nsp, packet.data], ['/', ['batch', JSON.parse(from.json.toString())]])
    }),
  )
})

test('the event of a stream holds the batch and its cursor, whatever the text', async () => {
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const from = encoded(text)
      const events = await Array.fromAsync(readEvents(Readable.from([Outgoing.of(from).event])))
      const [event, ...more] = events
      assert.ok(event !== undefined && more.length === 0)
      const { data, ...named } = event
      assert.deepEqual(named, { name: 'batch', id: 'e:5' })
      assert.deepEqual(JSON.parse(data), from.value)
      assert.doesNotMatch(data, /[\n\r\v\f\u0085\u2028\u2029]/)
      // What has none of these characters is sent as it was encoded for everybody.
      if (!/[\u0085\u2028\u2029]/.test(text)) assert.equal(data, from.json.toString())
    }),
  )
})

test('a batch that goes to many is encoded once', () => {
  const from = encoded('x')
  assert.equal(Outgoing.of(from), Outgoing.of(from))
  for (const deflate of [false, true]) assert.equal(Outgoing.of(from).frame(deflate), Outgoing.of(from).frame(deflate))
})

test('those who start from the same snapshot by an event stream are sent the same bytes', async () => {
  const value = { channel: { id: 'war' }, cursor: 'e:5', posts: [] }
  const snapshot = { value, json: Buffer.from(JSON.stringify(value)), cursor: 'e:5' } as unknown as Parameters<
    typeof snapshotEvent
  >[0]
  assert.equal(snapshotEvent(snapshot), snapshotEvent({ ...snapshot }))
  const [event] = await Array.fromAsync(readEvents(Readable.from([snapshotEvent(snapshot)])))
  assert.deepEqual(event, { name: 'snapshot', id: 'e:5', data: JSON.stringify(value) })
})
