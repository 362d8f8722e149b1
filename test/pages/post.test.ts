import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { postTitle, renderPost, summaryOf } from '../../src/pages/reader/post.ts'
import { channelWith, postAt, retracted } from './samples.ts'

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
