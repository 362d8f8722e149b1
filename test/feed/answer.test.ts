import assert from 'node:assert/strict'
import type { Writable } from 'node:stream'
import test from 'node:test'
import fc from 'fast-check'
import * as ws from 'ws'
import { plainAnswer, startAnswer } from '../../src/feed/answer.ts'
import type { Start } from '../../src/feed/starts.ts'

interface ReceiverOptions {
  readonly isServer: boolean
  readonly extensions: object
}
// The types leave both classes out.
const { Receiver, PerMessageDeflate } = ws as unknown as {
  Receiver: new (options: ReceiverOptions) => Writable
  PerMessageDeflate: (new (
    options: object,
    isServer: boolean,
  ) => { accept(offers: object[]): void }) & {
    extensionName: string
  }
}

/** What a websocket client that agreed to compression takes out of the parts. */
async function messageIn(parts: readonly Buffer[]): Promise<string> {
  const deflate = new PerMessageDeflate({}, false)
  deflate.accept([{ server_no_context_takeover: [true], client_no_context_takeover: [true] }])
  const receiver = new Receiver({ isServer: false, extensions: { [PerMessageDeflate.extensionName]: deflate } })
  const message = new Promise<string>((resolve, reject) => {
    receiver.once('message', (data: Buffer) => resolve(String(data)))
    receiver.once('error', reject)
  })
  for (const part of parts) receiver.write(part)
  return message
}

function startOf(text: string): Start {
  const value = { channel: 'war', epoch: 'e', from: 0, to: 5, changes: [{ text }] } as never
  return { kind: 'batch', batch: { value, json: Buffer.from(JSON.stringify(value)), cursor: 'e:5' as never } }
}

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'é'.repeat(700), 'y'.repeat(70_000), 'what is said again '.repeat(200)),
)
const ids = fc.nat(1_000_000_000).map(String)

test('an answer in two parts is the one message that its client awaits, compressed or not', async () => {
  await fc.assert(
    fc.asyncProperty(texts, ids, fc.boolean(), async (text, id, deflate) => {
      const start = startOf(text)
      const { json } = startAnswer(start)
      assert.equal(await messageIn(startAnswer(start).frame(id, deflate)), `43${id}[${json}]`)
    }),
  )
})

test('what many are answered is encoded and compressed once, whatever the ids of their questions', () => {
  const start = startOf('what is said again '.repeat(1_000))
  for (const deflate of [false, true]) {
    const bodies = new Set(Array.from({ length: 1_000 }, (_, i) => startAnswer(start).frame(String(i), deflate)[1]))
    assert.equal(bodies.size, 1)
    const [head] = startAnswer(start).frame('999999', deflate)
    assert.ok(head.length < 32, `${head.length} bytes are made for each`)
  }
})

test('a short answer is not compressed', async () => {
  const answer = plainAnswer({ ok: true })
  assert.equal(await messageIn(answer.frame('7', true)), '437[{"ok":true}]')
  assert.deepEqual(answer.frame('7', true), answer.frame('7', false))
})
