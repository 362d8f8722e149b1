import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import * as ws from 'ws'
import { agree } from '../../../src/feed/websocket/handshake.ts'
import { fuzzSeed } from './fuzz-inputs.ts'

const runs = 20_000

type Headers = Readonly<Record<string, string>>

function headOf(more: Headers): string | null {
  const headers = {
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  }
  return agree({ method: 'GET', headers: { ...headers, ...more }, compress: true })?.head ?? null
}

/** The value of a header of the answer; null if it has none. */
function answerOf(name: string, head: string | null): string | null {
  return new RegExp(`^${name}: (.*)\r$`, 'm').exec(head ?? '')?.[1] ?? null
}

/** What ws has, and its types do not tell. */
interface WsParts {
  readonly extension: { parse(offers: string): Record<string, object[] | undefined> }
  readonly subprotocol: { parse(offers: string): ReadonlySet<string> }
  readonly PerMessageDeflate: new (options: object) => { accept(offers: readonly object[]): object }
}
const { extension, subprotocol, PerMessageDeflate } = ws as unknown as WsParts

/** Whether ws agrees to compress, if it is to do that as is done here. */
function wsAgrees(offers: string): boolean {
  const noTakeover = { serverNoContextTakeover: true, clientNoContextTakeover: true }
  try {
    const deflate = extension.parse(offers)['permessage-deflate']
    if (deflate === undefined) return false
    new PerMessageDeflate({ isServer: true, serverMaxWindowBits: 15, ...noTakeover }).accept(deflate)
    return true
  } catch {
    return false
  }
}

const values = fc.constantFrom(
  '',
  '=',
  '=8',
  '=10',
  '=15',
  '=16',
  '=7',
  '="12"',
  '="15"',
  '=""',
  '="9',
  '= 10',
  '=x',
  '=15',
)
const names = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'server_no_context_takeover',
      'client_no_context_takeover',
      'client_max_window_bits',
      'server_max_window_bits',
    ),
  },
  fc.constantFrom('', 'Client_max_window_bits', 'other', 'a b', 'ü', '"x"'),
)
const parameters = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('client_max_window_bits', 'server_no_context_takeover') },
  fc.tuple(names, values).map((parts) => parts.join('')),
)
const offers = fc
  .tuple(
    fc.oneof(
      { weight: 8, arbitrary: fc.constant('permessage-deflate') },
      fc.constantFrom('x-webkit-deflate-frame', 'Permessage-Deflate', '', 'permessage-deflate x'),
    ),
    fc.array(fc.tuple(fc.constantFrom(';', '; ', ' ;\t'), parameters), { maxLength: 3 }),
  )
  .map(([name, all]) => name + all.map((part) => part.join('')).join(''))

test(`${runs} offers of permessage-deflate are met or declined as by ws`, () => {
  let met = 0
  fc.assert(
    fc.property(offers, (offer) => {
      const answer = answerOf('Sec-WebSocket-Extensions', headOf({ 'sec-websocket-extensions': offer }))
      assert.equal(answer !== null, wsAgrees(offer), JSON.stringify(offer))
      if (answer === null) return
      met++
      assert.equal(answer.includes('server_max_window_bits'), offer.includes('server_max_window_bits'), offer)
      assert.ok(wsAgrees(answer), answer)
    }),
    { numRuns: runs, seed: fuzzSeed },
  )
  assert.ok(met > runs / 20 && met < runs / 2, `${met} were met`)
})

test('an offer that is not valid is declined alone, and the next one counts', () => {
  const agreed = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
  for (const [offer, answer] of [
    ['permessage-deflate; client_max_window_bits; client_max_window_bits', null],
    ['permessage-deflate; client_max_window_bits=10; client_max_window_bits=10', null],
    ['permessage-deflate; server_max_window_bits=10', null],
    ['permessage-deflate; server_max_window_bits=10, permessage-deflate', agreed],
    ['permessage-deflate; no_such_thing, x, permessage-deflate; client_max_window_bits', agreed],
    ['permessage-deflate; server_max_window_bits=15', `${agreed}; server_max_window_bits=15`],
    ['permessage-deflate; client_max_window_bits=010', null],
    [`${'x,'.repeat(500)}permessage-deflate`, null],
    ['', null],
  ] as const) {
    const head = headOf({ 'sec-websocket-extensions': offer })
    assert.ok(head !== null, 'the connection goes on without compression')
    assert.equal(answerOf('Sec-WebSocket-Extensions', head), answer, offer)
  }
})

const protocols = fc
  .array(fc.tuple(fc.constantFrom('', ' ', '\t'), fc.constantFrom('chat', 'x', 'v1.json', 'a b', '', '"x"', '(x)')), {
    minLength: 1,
    maxLength: 4,
  })
  .map((all) =>
    all
      .map((part) => part.join(''))
      .join(',')
      .trim(),
  )

test(`${runs} lists of subprotocols are answered with the one that ws picks, or refused as by ws`, () => {
  let picked = 0
  fc.assert(
    fc.property(protocols, (offered) => {
      const head = headOf({ 'sec-websocket-protocol': offered })
      let theirs: string | null = null
      try {
        theirs = [...subprotocol.parse(offered)][0] ?? null
      } catch {
        assert.equal(head, null, JSON.stringify(offered))
        return
      }
      picked++
      assert.equal(answerOf('Sec-WebSocket-Protocol', head), theirs, JSON.stringify(offered))
    }),
    { numRuns: runs, seed: fuzzSeed },
  )
  assert.ok(picked > runs / 20, `${picked} were picked from`)
})

test('a client that offers no subprotocol is answered with none', () => {
  assert.doesNotMatch(headOf({}) ?? '', /Sec-WebSocket-Protocol/)
})
