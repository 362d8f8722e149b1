import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, createServer, type Server, Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { buildAddon } from '../../scripts/setup/native.js'
import { root } from '../../scripts/setup/prepare.js'
import { testMsMax } from '../../scripts/setup/test-limits.js'
import type { Follower } from '../../src/feed/channel-feed.ts'
import { loadNativeSockets } from '../../src/feed/native/sockets.ts'
import { Outgoing } from '../../src/feed/outgoing.ts'
import { SliceWriter } from '../../src/feed/slice-writer.ts'
import { textFrame } from '../../src/feed/websocket/frames.ts'
import { Session, type SessionParts } from '../../src/feed/websocket/session.ts'
import type { Batch } from '../../src/wire/batch.ts'
import type { Cursor } from '../../src/wire/scalars.ts'
import { quiet } from '../helpers/log.ts'

const isBuilt = await buildAddon(root, process.execPath)
const sendAll = isBuilt ? (loadNativeSockets(quiet, 'send')?.sendAll ?? null) : null
const byRing = isBuilt ? (loadNativeSockets(quiet, 'auto')?.sendAll ?? null) : null
/** Two names are one function where the system has no io_uring for us. */
const hasRing = byRing !== null && byRing.name !== sendAll?.name

/** A batch whose frame has about so many bytes; its number is told by what it is filled with. */
function batchOf(number: number, bytes: number): Outgoing {
  const value = { from: number, to: number + 1, filling: String.fromCharCode(97 + (number % 26)).repeat(bytes) }
  const json = Buffer.from(JSON.stringify(value))
  return Outgoing.of({ value: value as unknown as Batch, json, cursor: `e:${number + 1}` as Cursor })
}

/** One end of a connection as the server has it, the other as the client has it, and what is due to arrive there. */
class Pair {
  readonly session: Session
  readonly follower: Follower
  readonly client: Socket
  readonly #due: Buffer[] = []
  readonly #received: Buffer[] = []
  #receivedBytes = 0
  #heard: () => void = () => undefined
  isOver = false

  constructor(server: Socket, client: Socket, writer: SliceWriter) {
    const parts = { writer, ended: () => undefined } as unknown as SessionParts
    this.session = new Session(server, '', false, parts)
    server.on('error', () => server.destroy())
    client.on('error', () => undefined)
    client.on('data', (chunk: Buffer) => {
      this.#received.push(chunk)
      this.#receivedBytes += chunk.length
      this.#heard()
    })
    client.on('close', () => this.#heard())
    this.client = client
    this.follower = {
      direct: () => this.session.direct(),
      send: (outgoing: Outgoing) => this.session.send(outgoing),
    } as unknown as Follower
  }

  /** As a feed does: a batch goes only to a connection that takes one. Gives whether it was due. */
  expects(outgoing: Outgoing): boolean {
    if (this.isOver || !this.session.ready()) return false
    this.#due.push(outgoing.frame(false))
    return true
  }

  /** A ping or an answer, which goes behind whatever waits in the stream. */
  says(text: string): void {
    if (this.isOver) return
    this.#due.push(textFrame(text))
    this.session.write(textFrame(text))
  }

  /** Resolves once all that is due has arrived, unless one side ended it. Then what arrived is the beginning of it. */
  async arrives(): Promise<void> {
    this.client.resume()
    const due = Buffer.concat(this.#due)
    while (!this.isOver && this.#receivedBytes < due.length) {
      assert.ok(!this.client.destroyed, `it ended at ${this.#receivedBytes} of ${due.length} bytes`)
      await new Promise<void>((heard) => {
        this.#heard = heard
      })
    }
    const received = Buffer.concat(this.#received)
    assert.ok(received.equals(due.subarray(0, this.isOver ? received.length : due.length)), 'bytes are as they are due')
  }

  close(): void {
    this.isOver = true
    this.client.destroy()
    this.session.cutOff()
  }
}

async function listen(t: TestContext): Promise<Server> {
  const server = createServer({ highWaterMark: 1_024 }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return server
}

async function connect(server: Server, writer: SliceWriter): Promise<Pair> {
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const accepted = once(server, 'connection')
  const client = createConnection({ host: '127.0.0.1', port: address.port })
  await once(client, 'connect')
  const [socket] = await accepted
  assert.ok(socket instanceof Socket)
  return new Pair(socket, client, writer)
}

const who = fc.nat(2)
const steps = fc.oneof(
  // From what the kernel takes at once to what fills every buffer on the way several times.
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      bytes: fc.oneof(fc.nat(2_000), fc.integer({ min: 200_000, max: 3_000_000 })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('says' as const), who, chars: fc.nat(40_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause' as const), who }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('resume' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('client leaves' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('server ends' as const), who }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
)

for (const [by, writer, isThere] of [
  ['io_uring', new SliceWriter(byRing), hasRing],
  ['send(2)', new SliceWriter(sendAll), sendAll !== null],
  ['the stream', new SliceWriter(null), true],
] as const) {
  const options = { timeout: testMsMax, skip: isThere ? false : 'this system has none, or lets us have none' }
  test(
    `by ${by}, each connection gets the bytes that are due to it, in order, whatever the kernel takes`,
    options,
    async (t) => {
      const server = await listen(t)
      await fc.assert(
        fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40 }), async (all) => {
          const pairs = [await connect(server, writer), await connect(server, writer), await connect(server, writer)]
          try {
            let number = 0
            for (const step of all) {
              const pair = 'who' in step ? pairs[step.who] : undefined
              if (step.kind === 'batch') {
                const outgoing = batchOf(number++, step.bytes)
                const due = pairs.filter((one) => one.expects(outgoing))
                const failed = (_: Follower, error: unknown) => assert.fail(String(error))
                writer.write(
                  due.map(({ follower }) => follower),
                  outgoing,
                  failed,
                )
              } else if (step.kind === 'says') pair?.says('s'.repeat(step.chars))
              else if (step.kind === 'pause') pair?.client.pause()
              else if (step.kind === 'resume') pair?.client.resume()
              else if (step.kind === 'turn') await turn()
              else if (pair !== undefined) {
                pair.isOver = true
                if (step.kind === 'client leaves') pair.client.destroy()
                else pair.session.cutOff()
              }
            }
            for (const pair of pairs) await pair.arrives()
          } finally {
            for (const pair of pairs) pair.close()
          }
        }),
        { numRuns: 40 },
      )
    },
  )
}

for (const [by, send, isThere] of [
  ['io_uring', byRing, hasRing],
  ['send(2)', sendAll, sendAll !== null],
] as const) {
  const skip = isThere ? false : 'this system has none, or lets us have none'

  test(`by ${by}, a connection that was reset is not written to, and harms no other`, { skip }, async (t) => {
    const server = await listen(t)
    const writer = new SliceWriter(send)
    const [gone, here] = [await connect(server, writer), await connect(server, writer)]
    t.after(() => here.close())
    gone.client.resetAndDestroy()
    await once(gone.client, 'close')
    // The kernel says so at the first write or at the second, by when the reset has come.
    for (let number = 0; number < 3; number++) {
      const outgoing = batchOf(number, 100)
      here.expects(outgoing)
      writer.write([gone.follower, here.follower], outgoing, () => assert.fail('it fails by its socket'))
      await turn()
    }
    await here.arrives()
  })

  test(`by ${by}, each descriptor has its own result, however many there are`, { skip }, async (t) => {
    assert.ok(send !== null)
    const server = await listen(t)
    const pairs: Pair[] = []
    t.after(() => {
      for (const pair of pairs) pair.close()
    })
    const writer = new SliceWriter(null)
    for (let i = 0; i < 3; i++) pairs.push(await connect(server, writer))
    // More than a ring has entries, and each third is none: descriptors below 0 never are.
    const open = pairs.map(({ session }) => session.descriptor)
    const descriptors = Int32Array.from({ length: 700 }, (_, i) => (i % 3 === 2 ? -1 : (open[i % 2] ?? -1)))
    const results = new Int32Array(descriptors.length)
    const bytes = Buffer.from('some bytes')
    assert.equal(send(descriptors, descriptors.length, bytes, results), 467)
    const badDescriptor = -9
    for (const [i, result] of results.entries()) assert.equal(result, i % 3 === 2 ? badDescriptor : bytes.length)
    assert.throws(() => send(descriptors, 701, bytes, results), TypeError)
    assert.equal(send(descriptors, 0, bytes, results), 0)
  })
}
