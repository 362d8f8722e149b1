import assert from 'node:assert/strict'
import { test } from 'node:test'
import { embeddedId } from '../../src/pages/reader/embedded.ts'
import { renderChannelsPage, renderOlderPage, renderPostPage, renderReaderPage } from '../../src/pages/reader/page.ts'
import type { Post, PublishedPost } from '../../src/wire/post.ts'
import type { PageToken } from '../../src/wire/scalars.ts'
import { channelWith, postAt, rendering, retracted, snapshotWith } from './samples.ts'

function articles(page: string): string[] {
  return [...page.matchAll(/<article[^>]* data-post="([^"]+)"/g)].map((match) => match[1] ?? '')
}

function embedded(page: string): unknown {
  const script = new RegExp(`<script type="application/json" id="${embeddedId}">([^<]*)</script>`).exec(page)
  return JSON.parse(script?.[1] ?? 'null')
}

test('pinned posts come first, then the newest, and each post once', () => {
  const pinned = postAt(1, { pinned: true })
  const snapshot = snapshotWith({ pinned: [pinned], posts: [postAt(3), postAt(2), pinned] })
  const page = renderReaderPage(rendering, snapshot)
  assert.deepEqual(articles(page), [pinned.id, postAt(3).id, postAt(2).id])
  assert.deepEqual(embedded(page), JSON.parse(JSON.stringify({ view: 'newest', snapshot })))
})

test('a post that can not be rendered is text, is told of, and takes nothing from the others', () => {
  const post = { ...postAt(2, { headline: 'A <b> headline' }), authors: undefined } as unknown as PublishedPost
  const failed: unknown[] = []
  const tolerant = { ...rendering, failed: (one: Post) => failed.push(one) }
  const snapshot = { ...snapshotWith({ posts: [postAt(3), postAt(1)] }), pinned: [post] }
  const page = renderReaderPage(tolerant, snapshot)
  assert.deepEqual(articles(page), [post.id, postAt(3).id, postAt(1).id])
  assert.match(page, /A &lt;b&gt; headline<\/a><\/h2><div class="body"><p dir="auto">Body 2<\/p>/)
  assert.deepEqual(failed, [post])
  assert.match(renderPostPage(tolerant, channelWith(), snapshot.cursor, post), /<h1 [^>]+>A &lt;b&gt; headline<\/h1>/)
})

test('text that would end the embedded script stays inside of it', () => {
  const post = postAt(1, { headline: '</script><script src=//evil.example></script>\u2028' })
  const page = renderReaderPage(rendering, snapshotWith({ posts: [post] }))
  assert.equal(page.match(/<script/g)?.length, 2)
  assert.match(JSON.stringify(embedded(page)), /evil\.example/)
})

test('a reader without the script gets to older posts, and back, by plain links', () => {
  const newest = renderReaderPage(rendering, snapshotWith({ posts: [postAt(9)], older: '12' as PageToken }))
  assert.match(newest, /<a href="\/c\/harbour-fire\?before=12" rel="next">/)
  const older = renderOlderPage(rendering, snapshotWith({ posts: [postAt(9)] }), { posts: [postAt(2)] }, '12')
  assert.deepEqual(articles(older), [postAt(2).id])
  assert.match(older, /<a href="\/c\/harbour-fire">/)
  assert.match(older, /data-older hidden/)
  assert.doesNotMatch(older, /Headline 9/)
})

test("a page is in its channel's language and names its own address", () => {
  const snapshot = snapshotWith({ channel: channelWith({ language: 'pt-BR' }) })
  const page = renderReaderPage(rendering, snapshot)
  assert.match(page, /<html lang="pt-BR">/)
  assert.match(page, /<link rel="canonical" href="https:\/\/news\.example\/c\/harbour-fire">/)
})

test('a page has the direction of its language, and words that it lacks are marked as English', () => {
  const at = (language: string) => renderReaderPage(rendering, snapshotWith({ channel: channelWith({ language }) }))
  assert.match(at('ar'), /<html lang="ar" dir="rtl">.*<body data-locale="ar-u-ca-gregory-hc-h12-nu-latn">/s)
  assert.match(at('ar'), /<p class="status status-live" data-channel-status>مباشر<\/p>/)
  assert.match(at('ar'), /<script type="application\/json" id="texts">\{"language":"ar"/)
  assert.match(at('he'), /<html lang="he" dir="rtl">/)
  assert.match(at('he'), /data-channel-status><bdi lang="en">Live<\/bdi><\/p>/)
  assert.match(at('he'), /<div class="bar" data-bar hidden lang="en" dir="ltr">/)
  assert.match(at('de-AT'), /<html lang="de-AT">.*<body data-locale="de-AT-u-ca-gregory-hc-h23-nu-latn">/s)
  assert.doesNotMatch(at('en-US'), /<bdi lang|id="texts"/)
})

test('the list of coverage is in the language of most of it, and each item in its own', () => {
  const list = (...languages: string[]) => {
    const channels = languages.map((language, index) => channelWith({ language, id: `c-${index}`, title: 'FBI حريق' }))
    return renderChannelsPage(rendering, channels)
  }
  assert.match(list(), /<html lang="en">/)
  const page = list('en', 'ar-EG', 'de', 'ar')
  assert.match(page, /<html lang="ar" dir="rtl">/)
  assert.match(page, /<h1 class="page-title">تغطية مباشرة<\/h1>/)
  assert.match(
    page,
    /<li class="channel" lang="en" dir="ltr">\n<p class="status status-live">Live<\/p>\n<h2><a href="\/c\/c-0" dir="auto">/,
  )
  assert.match(
    page,
    /<li class="channel" lang="ar-EG" dir="rtl">\n<p class="status status-live">مباشر<\/p>\n<h2><a href="\/c\/c-1" dir="rtl">/,
  )
})

test("the page of a retracted post has the reason, and neither the post's text nor its headline", () => {
  const stub = retracted(postAt(5), 'Could not be confirmed.')
  const page = renderPostPage(rendering, channelWith(), snapshotWith().cursor, stub)
  assert.match(page, /Could not be confirmed\./)
  assert.doesNotMatch(page, /Headline 5|Body 5/)
})

test('the list of coverage has what is live before what is to come and what is over', () => {
  const channels = (['ended', 'scheduled', 'live'] as const).map((status) => channelWith({ id: status, status }))
  const page = renderChannelsPage(rendering, channels)
  const order = [...page.matchAll(/href="\/c\/([a-z]+)"/g)].map((match) => match[1])
  assert.deepEqual(order, ['live', 'scheduled', 'ended'])
})
