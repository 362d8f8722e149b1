/** Texts as clients send them, and as every answer has them. */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { NewKey } from '../../src/api/keys.ts'
import { type Answer, assertProblem, errorPaths, startCoverage } from './calls.ts'

/** Half an emoji, controls, and noncharacters of three planes: one of them XML, UTF-8 or JSON, read strictly, refuses. */
const dirty = 'Quay\u0000\u0007\u007f\u0090\ufdd0\ufffe\uffff\u{1ffff}\u{10fffe}\ud83d.'
const clean = 'Quay\ufffd.'
/** Turns the direction of all that follows, and closes what it has not opened. */
const turning = '\u2069\u202eQuay\u2067'
const turningBack = '\u202eQuay\u2067\u2069\u202c'

/** A post with the text in each field that takes one. */
function saying(text: string) {
  return {
    headline: text,
    body: { markdown: text },
    authors: [{ name: text, role: text }],
    sources: [{ name: text }],
    media: [{ type: 'image', url: 'https://img.example/1.jpg', alt: text, caption: text, credit: text }],
    tags: [text],
    sensitivity: text,
  }
}

/** A channel, a post, an edit and a retraction that say the text wherever one can be said. */
async function publishAll(t: TestContext, text: string) {
  const coverage = await startCoverage(t)
  const { call, channel, publish } = coverage
  const start = (await call('GET', channel)).json.cursor as string
  const edited = await call('PATCH', channel, { body: { title: text, summary: text } })
  assert.equal(edited.status, 200, edited.text)
  const path = await publish(saying(text))
  const headers = { 'if-match': '"1"' }
  const corrected = await call('PATCH', path, { headers, body: { correction: { text } } })
  assert.equal(corrected.status, 200, corrected.text)
  const gone = await publish(saying(text))
  const retracted = await call('POST', `${gone}/retract`, { body: { reason: text } })
  assert.equal(retracted.status, 200, retracted.text)
  return { ...coverage, path, gone, start, answers: [edited, corrected, retracted] }
}

/** Every public answer that has the texts in it. */
async function readAll({
  call,
  channel,
  path,
  gone,
  start,
}: Awaited<ReturnType<typeof publishAll>>): Promise<Answer[]> {
  const page = (address: string) => address.replace('/v1/channels/', '/c/').replace('/posts/', '/p/')
  const addresses = [
    '/v1/channels',
    channel,
    `${channel}/posts`,
    path,
    gone,
    `${channel}/changes?after=${start}`,
    '/',
    page(channel),
    page(path),
    page(gone),
  ]
  return Promise.all(addresses.map((address) => call('GET', address, { key: null })))
}

/** All texts in a value. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => [name, ...textsIn(member)])
}

/** The characters of XML 1.0 (2.2) without those that it discourages. */
const allowed =
  /^(?:[\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd]|(?!\p{NChar})[\u{10000}-\u{10ffff}])*$/u

test('no answer has a character that a strict reader refuses, whatever was sent, in whatever field', async (t) => {
  const published = await publishAll(t, dirty)
  const answers = await readAll(published)
  for (const { text, json } of [...answers, ...published.answers]) {
    for (const one of json === undefined ? [text] : textsIn(json)) assert.match(one, allowed)
  }
  const [channels, , , post, stub] = answers
  assert.deepEqual([channels?.json.channels[0].title, channels?.json.channels[0].summary], [clean, clean])
  const { corrections, authors, sources, media, tags, headline, sensitivity, body } = post?.json ?? {}
  assert.deepEqual(
    { headline, body, authors, sources, media, tags, sensitivity },
    { ...saying(clean), body: { html: `<p>${clean}</p>`, text: clean } },
  )
  assert.equal(corrections[0].text, clean)
  assert.equal(stub?.json.retraction.reason, clean)
  assert.equal(NewKey.parse({ name: dirty, scopes: ['posts:write'], channels: ['*'] }).name, clean)
})

test('references to such characters in Markdown and HTML come out without them, too', async (t) => {
  const { call, publish } = await startCoverage(t)
  const references = 'a&#0;&#1;&#x7f;&#xFFFE;&#xFFFF;&#x1FFFF;&#xD800;b'
  for (const body of [{ html: `<p title="${references}">${references}</p>` }, { markdown: references }]) {
    const path = await publish({ body })
    for (const text of textsIn((await call('GET', path)).json.body)) assert.match(text, allowed)
  }
})

test('no text turns the direction of what stands beside it', async (t) => {
  const published = await publishAll(t, turning)
  const [channels, , , post, stub] = await readAll(published)
  assert.deepEqual(channels?.json.channels[0].title, turningBack)
  const { body, corrections, ...fields } = post?.json ?? {}
  assert.deepEqual(fields.authors, saying(turningBack).authors)
  assert.deepEqual(fields.media, saying(turningBack).media)
  assert.deepEqual([fields.headline, fields.tags], [turningBack, [turningBack]])
  assert.deepEqual([body.text, corrections[0].text], [turningBack, turningBack])
  assert.equal(stub?.json.retraction.reason, turningBack)
})

test('posts are found by a tag as it was sent', async (t) => {
  const { call, channel, publish } = await startCoverage(t)
  const path = await publish({ headline: 'a', tags: ['Quay\uffff\u202e'] })
  for (const tag of ['Quay\uffff\u202e', 'Quay\u202e\u202c', 'Quay\u202e ']) {
    const { json } = await call('GET', `${channel}/posts?tag=${encodeURIComponent(tag)}`)
    assert.deepEqual([json.posts.length, path.endsWith(json.posts[0]?.id)], [1, true], tag)
  }
  const twice = await call('POST', `${channel}/posts`, { body: { headline: 'a', tags: ['Quay', 'Quay\uffff'] } })
  assertProblem(twice, 400, 'invalid')
})

test('what is cleaned to nothing, or is not on one line, is refused', async (t) => {
  const { call, channel } = await startCoverage(t)
  const refused = [
    ['headline', { headline: '\uffff \u0007' }],
    ['headline', { headline: '\u202e\u200b' }],
    ['headline', { headline: 'a\nb' }],
    ['headline', { headline: 'a\tb' }],
    ['headline', { headline: 'a\u000bb' }],
    ['tags.0', { headline: 'a', tags: ['a\r\nb'] }],
    ['authors.0.name', { headline: 'a', authors: [{ name: '\u0000' }] }],
    ['sources.0.url', { headline: 'a', sources: [{ name: 'a', url: 'https://a.example/\uffff' }] }],
    ['sources.0.url', { headline: 'a', sources: [{ name: 'a', url: 'https://a.example/\u202egpj.exe' }] }],
    ['sources.0.url', { headline: 'a', sources: [{ name: 'a', url: 'https://a.example/a\u0007b' }] }],
    ['sources.0.url', { headline: 'a', sources: [{ name: 'a', url: 'https://a.example/\ud800' }] }],
  ] as const
  for (const [field, body] of refused) {
    const answer = await call('POST', `${channel}/posts`, { body })
    assertProblem(answer, 400, 'invalid')
    assert.deepEqual(errorPaths(answer), [`body.${field}`])
  }
})

test('a refusal repeats no text of the request that a strict reader refuses, and none without end', async (t) => {
  const { call, channel } = await startCoverage(t)
  for (const name of [dirty, 'a'.repeat(100_000), `${'a'.repeat(98)}👩‍🚒${'a'.repeat(100)}`]) {
    const answer = await call('POST', `${channel}/posts`, { body: { headline: 'a', [name]: 1 } })
    assertProblem(answer, 400, 'invalid')
    for (const text of textsIn(answer.json)) assert.match(text, allowed)
    assert.ok(answer.text.length < 1_500, `${answer.text.length} characters`)
    assert.match(errorPaths(answer)[0] ?? '', /^body\.(?:Quay\ufffd\.|a{98,99}…)$/)
  }
})
