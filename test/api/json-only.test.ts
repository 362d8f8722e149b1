/** The forms in which a body is taken, and what is said of all others. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { adminKey } from '../helpers/server.ts'
import { assertProblem, startCoverage } from './calls.ts'

const json = 'application/json'
const mergePatch = 'application/merge-patch+json'

/** Sends bytes as they are. */
async function send(
  address: string,
  {
    method = 'POST',
    type = json,
    bytes,
    headers = {},
  }: {
    readonly method?: string
    readonly type?: string
    readonly bytes: Uint8Array<ArrayBuffer>
    readonly headers?: Record<string, string>
  },
) {
  const all = { authorization: `Bearer ${adminKey}`, 'content-type': type, ...headers }
  const response = await fetch(address, { method, headers: all, body: bytes })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) }
}

const utf8 = (text: string) => new Uint8Array(Buffer.from(text))
const said = '{"headline":"café"}'

test('a body that is not UTF-8 is refused, and nothing of it is published', async (t) => {
  const { url, call, channel } = await startCoverage(t)
  const before = (await call('GET', channel)).text
  const bodies: Readonly<Record<string, Buffer>> = {
    'Latin-1': Buffer.from(said, 'latin1'),
    'UTF-16': Buffer.from(`\ufeff${said}`, 'utf16le'),
    'half a character at the end': Buffer.concat([Buffer.from('{"headline":"'), Buffer.from([0xe2, 0x82])]),
    'a surrogate in three bytes': Buffer.concat([
      Buffer.from('{"headline":"'),
      Buffer.from([0xed, 0xa0, 0x80, 0x22, 0x7d]),
    ]),
    'gzip without a header': gzipSync(said),
  }
  for (const [what, body] of Object.entries(bodies)) {
    for (const type of [json, `${json}; charset=iso-8859-1`]) {
      const answer = await send(`${url}${channel}/posts`, { type, bytes: new Uint8Array(body) })
      assertProblem(answer, 400, 'bad-json')
      assert.match(answer.json.detail, /not UTF-8/, what)
    }
  }
  assert.equal((await call('GET', channel)).text, before)
})

test('a byte order mark before UTF-8 is left out', async (t) => {
  const { url, channel } = await startCoverage(t)
  const answer = await send(`${url}${channel}/posts`, { bytes: utf8(`\ufeff${said}`) })
  assert.equal(answer.status, 201, answer.text)
  assert.equal(answer.json.post.headline, 'café')
})

test('a compressed body is refused as such, and told what is taken', async (t) => {
  const { url, channel } = await startCoverage(t)
  const bytes = new Uint8Array(gzipSync(said))
  for (const coding of ['gzip', 'GZIP', 'br', 'identity, gzip']) {
    const answer = await send(`${url}${channel}/posts`, { bytes, headers: { 'content-encoding': coding } })
    assertProblem(answer, 415, 'unsupported-media-type')
    assert.match(answer.json.detail, /without a Content-Encoding/)
    assert.equal(answer.headers.get('accept-encoding'), 'identity')
  }
  const plain = await send(`${url}${channel}/posts`, { bytes: utf8(said), headers: { 'content-encoding': 'identity' } })
  assert.equal(plain.status, 201, plain.text)
})

test('an edit may be sent as a merge patch, and nothing else may', async (t) => {
  const { url, call, channel, publish } = await startCoverage(t)
  const path = await publish()
  const headers = { 'if-match': '"1"' }
  for (const type of [mergePatch, `${mergePatch}; charset=utf-8`, mergePatch.toUpperCase()]) {
    const patch = { method: 'PATCH', type, bytes: utf8('{"title":"Quay","summary":null}') }
    const edited = await send(`${url}${channel}`, patch)
    assert.deepEqual([edited.status, edited.json.title], [200, 'Quay'], edited.text)
  }
  const edited = await send(`${url}${path}`, { method: 'PATCH', type: mergePatch, bytes: utf8(said), headers })
  assert.deepEqual([edited.status, edited.json.post.headline], [200, 'café'], edited.text)
  const posted = await send(`${url}${channel}/posts`, { type: mergePatch, bytes: utf8(said) })
  assertProblem(posted, 415, 'unsupported-media-type')
  assert.match(posted.json.detail, /application\/json/)
  const form = { method: 'PATCH', type: 'application/json-patch+json', bytes: utf8('[]'), headers }
  const refused = await send(`${url}${path}`, form)
  assertProblem(refused, 415, 'unsupported-media-type')
  assert.match(refused.json.detail, /application\/merge-patch\+json/)
  assert.equal(refused.headers.get('accept-patch'), `${mergePatch}, ${json}`)
  assert.equal((await call('OPTIONS', path)).headers.get('accept-patch'), `${mergePatch}, ${json}`)
})

test('a body of a post in no allowed form is told which there are', async (t) => {
  const { call, channel } = await startCoverage(t)
  for (const body of ['text', 5, [], {}, { text: 'a', html: 'b' }, { markup: 'a' }]) {
    const answer = await call('POST', `${channel}/posts`, { body: { headline: 'a', body } })
    assertProblem(answer, 400, 'invalid')
    assert.match(answer.json.detail, /body\.body: .*markdown, html, text/, JSON.stringify(body))
  }
})

test('a field that is null is told that it may not be, rather than that it is missing', async (t) => {
  const { call } = await startCoverage(t)
  const answer = await call('POST', '/v1/channels', { body: { id: 'quay', title: null } })
  assertProblem(answer, 400, 'invalid')
  assert.match(answer.json.detail, /body\.title: must be a string, not null/)
})
