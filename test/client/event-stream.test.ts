import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EventStreamParser, eventCharsMax, type StreamEvent } from '../../src/client/event-stream.ts'

function parse(chunks: readonly string[]): StreamEvent[] {
  const events: StreamEvent[] = []
  const parser = new EventStreamParser((event) => events.push(event))
  for (const chunk of chunks) parser.take(chunk)
  return events
}

const word = fc.string({ unit: fc.constantFrom('a', ':', ' ', 'é', '{', '\uFEFF', '\0'), maxLength: 6 })
const line = fc.oneof(
  fc.constantFrom('', '', ': comment', 'data', 'retry: 10', 'id', 'event:', 'unknown: x'),
  word.map((text) => `data: ${text}`),
  word.map((text) => `data:${text}`),
  word.map((text) => `event: ${text}`),
  word.map((text) => `id: ${text}`),
  word,
)
const stream = fc
  .tuple(
    fc.constantFrom('', '\uFEFF'),
    fc.array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 30 }),
  )
  .map(([mark, lines]) => mark + lines.flat().join(''))

test('a stream gives the same events however it is cut', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(200)), (text, cuts) => {
      const at = [...new Set(cuts.map((cut) => Math.min(cut, text.length)))].sort((a, b) => a - b)
      const chunks = [0, ...at].map((from, i) => text.slice(from, at[i] ?? text.length))
      assert.equal(chunks.join(''), text)
      assert.deepEqual(parse(chunks), parse([text]))
      assert.deepEqual(parse(text.split('')), parse([text]))
    }),
    { numRuns: 1_000 },
  )
})

test('what is sent as an event is read as it was', () => {
  const data = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text))
  fc.assert(
    fc.property(fc.array(fc.record({ id: fc.nat(), data: fc.array(data, { minLength: 1 }) })), (sent) => {
      const text = sent.map(({ id, data }) => `id: ${id}\nevent: batch\n${data.map((d) => `data: ${d}\n`).join('')}\n`)
      const due = sent.map(({ id, data }) => ({ type: 'batch', data: data.join('\n'), lastEventId: String(id) }))
      assert.deepEqual(parse([text.join('')]), due)
    }),
  )
})

test('an event without data is none, one without a type is a message, and ids last', () => {
  const events = parse(['event: snapshot\n\nid: e:1\ndata: a\ndata\n\n: hello\n\ndata:  b\n\ndata: never ended'])
  assert.deepEqual(events, [
    { type: 'message', data: 'a\n', lastEventId: 'e:1' },
    { type: 'message', data: ' b', lastEventId: 'e:1' },
  ])
})

test('an event without end is refused', () => {
  const chunk = `data: ${'x'.repeat(eventCharsMax / 4)}`
  assert.throws(() => parse([chunk, chunk, chunk, chunk, chunk]), RangeError)
  assert.throws(() => parse(Array(5).fill(`${chunk}\n`)), RangeError)
})
