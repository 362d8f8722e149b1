import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Parser } from 'htmlparser2'
import { renderPostPage, renderReaderPage } from '../../src/pages/reader/page.ts'
import { renderPlainPost } from '../../src/pages/reader/plain-post.ts'
import { postTitle, renderPost, summaryOf } from '../../src/pages/reader/post.ts'
import { closeBidi } from '../../src/wire/bidi.ts'
import { channelWith, postAt, rendering, retracted, snapshotWith } from './samples.ts'

const channel = channelWith()

/** The tags of some markup, without the values of their attributes. */
function skeleton(markup: string): string[] {
  return (markup.match(/<[^>]*>/g) ?? []).map((tag) => tag.replaceAll(/"[^"]*"/g, '""'))
}

function postSaying(text: string) {
  return postAt(1, {
    headline: text,
    authors: [{ name: text, role: text, url: 'https://news.example/a' }, { name: text }],
    sources: [{ name: text, url: 'https://fire.example/' }],
    media: [{ type: 'image', url: 'https://img.example/1.jpg', alt: text, caption: text, credit: text }],
    tags: [text],
    sensitivity: text,
    verification: 'disputed',
    corrections: [{ kind: 'clarification', text, at: '2026-03-01T21:30:00.000Z' }],
  })
}

test('no text of a post, in whatever field, changes the markup around it', () => {
  const plain = skeleton(renderPost(postSaying('x'), channel).toString())
  const text = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.constantFrom('<img src=x onerror=alert(1)>', '"><script>', "' onload='", '</article>', '&lt;b&gt;', '<!--'),
  )
  fc.assert(
    fc.property(text, text, (one, other) => {
      // What a field takes is trimmed on its way in; what only trims to nothing is no text.
      fc.pre(!/\p{Cc}/u.test(one + other) && (one + other).trim() !== '')
      assert.deepEqual(skeleton(renderPost(postSaying(one + other), channel).toString()), plain)
    }),
  )
})

test('a post shows its labels, corrections, sources, tags and times, and links to itself', () => {
  const post = postAt(4, {
    keyEvent: true,
    breaking: true,
    pinned: true,
    verification: 'unconfirmed',
    sources: [{ name: 'Fire service', url: 'https://fire.example/' }],
    tags: ['rescue'],
    eventTime: '2026-03-01T20:50:00.000Z',
    updatedAt: '2026-03-01T21:40:00.000Z',
    corrections: [{ kind: 'correction', text: 'It said two boats.', at: '2026-03-01T21:40:00.000Z' }],
  })
  const markup = renderPost(post, channel).toString()
  for (const text of [
    'Key event',
    'Breaking',
    'Pinned',
    'Not confirmed',
    'rescue',
    'Correction',
    'It said two boats.',
  ]) {
    assert.ok(markup.includes(text), text)
  }
  assert.match(markup, /<a href="https:\/\/fire\.example\/"[^>]*>Fire service<\/a>/)
  assert.match(markup, /Updated <time datetime="2026-03-01T21:40:00\.000Z" data-zoned>/)
  assert.match(markup, /Happened <time datetime="2026-03-01T20:50:00\.000Z" data-zoned>/)
  assert.match(markup, new RegExp(`href="/c/harbour-fire/p/${post.id}"`))
})

test('a picture has its size and text, and a sensitive one stands behind a disclosure', () => {
  const media = { type: 'image', url: 'https://img.example/1.jpg', alt: 'Smoke', width: 640, height: 360 }
  const open = renderPost(postAt(1, { media: [media] }), channel).toString()
  assert.match(open, /<img src="https:\/\/img\.example\/1\.jpg" alt="Smoke" width="640" height="360" loading="lazy"/)
  assert.doesNotMatch(open, /<details/)
  const covered = renderPost(postAt(1, { media: [{ ...media, sensitive: true }] }), channel).toString()
  assert.match(covered, /<details[^>]*><summary>[^<]+<\/summary><img /)
})

test('a retracted post keeps its place and says why, and nothing of what it said is left', () => {
  const before = postAt(7, { headline: 'Wrong words', tags: ['wrongtag'] })
  const stub = retracted(before, 'Could not be confirmed.')
  const markup = renderPost(stub, channel).toString() + postTitle(stub, channel) + summaryOf(stub)
  assert.match(markup, new RegExp(`id="post-${before.id}"`))
  assert.match(markup, /Could not be confirmed\./)
  assert.doesNotMatch(markup, /Wrong words|wrongtag|Body 7/)
})

test('a post without a headline is named by its time', () => {
  const post = postAt(3, { headline: undefined })
  const markup = renderPost(post, channel).toString()
  assert.match(markup, new RegExp(`aria-labelledby="post-${post.id}-time"`))
  assert.match(markup, new RegExp(`<time id="post-${post.id}-time"`))
})

test('the title and the description of a post are cut between what readers take for characters', () => {
  const family = '👩‍👩‍👧‍👦'
  for (const [text, cut] of [
    [`${'a'.repeat(198)}${family} and more`, `${'a'.repeat(198)}…`],
    [`${'a'.repeat(188)}${family} and more`, `${'a'.repeat(188)}${family}…`],
    [`${'a'.repeat(198)}😀 and more`, `${'a'.repeat(198)}…`],
    [`${'a'.repeat(198)}😀`, `${'a'.repeat(198)}😀`],
    [`${'a'.repeat(198)}e\u0301e\u0301`, `${'a'.repeat(198)}…`],
  ] as const) {
    const post = postAt(3, { headline: undefined, body: { html: `<p>${text}</p>`, text } })
    assert.equal(summaryOf(post), cut)
    assert.equal(postTitle(post, channel), `${cut} | ${channel.title}`)
  }
})

/** Turns the direction of what follows, in a way that only its own end closes. */
const turning = '\u202eQuay\u2067'
const turnedBack = `${turning}\u2069\u202c`

test('a text that turns the direction is closed where it leaves its element', () => {
  // As from a store that was written before texts were closed on their way in.
  const open = { ...channelWith(), title: turning }
  const headed = { ...postAt(1), headline: turning }
  assert.equal(postTitle(headed, open), `${turnedBack} | ${turnedBack}`)
  const said = { ...postAt(1, { headline: undefined }), body: { html: '', text: `${turning}\nnext ${turning}` } }
  assert.equal(summaryOf(said), `${turnedBack} next ${turnedBack}`)
  const long = { ...said, body: { html: '', text: `\u2067${'a'.repeat(300)}\u2069` } }
  assert.equal(summaryOf(long), `\u2067${'a'.repeat(198)}…\u2069`)
  const stub = retracted(postAt(1), 'Wrong.')
  const reason = { ...stub, retraction: { ...stub.retraction, reason: turning } }
  assert.equal(summaryOf(reason), turnedBack)
  for (const [name, page] of [
    ['a channel', renderReaderPage(rendering, { ...snapshotWith(), channel: open })],
    ['a post', renderPostPage(rendering, open, snapshotWith().cursor, headed)],
  ] as const) {
    const [, title = ''] = /<title>([^<]*)<\/title>/.exec(page) ?? []
    const [, description = ''] = /<meta name="description" content="([^"]*)">/.exec(page) ?? []
    for (const text of [title, description]) assert.equal(closeBidi(text), text, name)
    assert.ok(title.startsWith(turnedBack), name)
  }
})

test('each text of a post stands in an element that keeps its direction to itself', () => {
  const word = 'Quenzaltine'
  const markup = [
    renderPost(postSaying(word), channel),
    renderPost(postSaying(word), channel, 'alone'),
    renderPost(retracted(postAt(1), word), channel),
    renderPlainPost(postSaying(word), channel),
  ].join('')
  const directions: (string | undefined)[] = []
  let found = 0
  const parser = new Parser({
    onopentag: (_name, { dir }) => {
      directions.push(dir)
    },
    onclosetag: () => {
      directions.pop()
    },
    ontext: (text) => {
      if (!text.includes(word)) return
      found++
      assert.equal(text, word, 'it stands alone in its element')
      // The link in a heading is all of the heading.
      assert.equal(directions.at(-1) ?? directions.at(-2), 'auto')
    },
  })
  parser.end(markup)
  assert.ok(found >= 20, `${found} texts`)
})
