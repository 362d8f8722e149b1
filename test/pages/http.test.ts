import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Newsroom } from '../browser/newsroom.ts'
import { startServer } from '../helpers/server.ts'

test('a page may be kept for a second, has a tag, and is not sent again while nothing has changed', async (t) => {
  const newsroom = new Newsroom(await startServer(t), 'cached')
  await newsroom.open()
  const id = await newsroom.publish({ headline: 'One' })
  for (const url of [newsroom.page, `${newsroom.page}/p/${id}`, new URL('/', newsroom.page).href]) {
    const first = await fetch(url)
    assert.equal(first.status, 200)
    assert.match(first.headers.get('content-type') ?? '', /^text\/html/)
    assert.equal(first.headers.get('cache-control'), 'public, max-age=0, s-maxage=1, must-revalidate')
    const again = { headers: { 'if-none-match': first.headers.get('etag') ?? 'none' } }
    assert.equal((await fetch(url, again)).status, 304)
  }
  const before = { headers: { 'if-none-match': (await fetch(newsroom.page)).headers.get('etag') ?? 'none' } }
  await newsroom.publish({ headline: 'Two' })
  assert.equal((await fetch(newsroom.page, before)).status, 200)
})

test('a page lets no inline script run and no other site frame it', async (t) => {
  const newsroom = new Newsroom(await startServer(t), 'policy')
  await newsroom.open()
  for (const path of ['/', '/c/policy', '/c/none', '/ops']) {
    const policy = (await fetch(new URL(path, newsroom.page))).headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/, path)
    assert.match(policy, /frame-ancestors 'none'/, path)
    assert.doesNotMatch(policy, /unsafe/, path)
  }
})

test('unknown coverage, unknown posts and tokens that are none get a page that says so', async (t) => {
  const newsroom = new Newsroom(await startServer(t), 'known')
  await newsroom.open()
  const cases = [
    ['/c/unknown', 404],
    ['/c/NOT A SLUG', 404],
    ['/c/known/p/unknownpost', 404],
    ['/c/known/p/<script>', 404],
    ['/c/known?before=none', 404],
    ['/c/known?before=1&before=2', 404],
  ] as const
  for (const [path, status] of cases) {
    const answer = await fetch(new URL(path, newsroom.page))
    const text = await answer.text()
    assert.equal(answer.status, status, path)
    assert.match(text, /^<!doctype html>/, path)
    assert.equal(answer.headers.get('cache-control'), 'no-store', path)
  }
})

test('a page that says what is wrong is in the language of the reader', async (t) => {
  const { url } = await startServer(t)
  const asked = async (path: string, language: string) => {
    const answer = await fetch(new URL(path, url), { headers: { 'accept-language': language } })
    assert.equal(answer.status, 404)
    return answer.text()
  }
  const german = await asked('/c/unknown', 'de-CH, en;q=0.5')
  assert.match(german, /<html lang="de">/)
  assert.match(german, /<h1 class="page-title">Unter dieser Adresse gibt es nichts<\/h1>/)
  assert.match(await asked('/c/unknown/p/unknownpost', 'ar'), /<html lang="ar" dir="rtl">/)
  assert.match(await asked('/c/unknown', 'tlh'), /<html lang="en">/)
  // Errors with a code have their text in English, which is said more exactly than any translation.
  const file = await asked('/assets/reader-00000000.js', 'uk')
  assert.match(file, /<html lang="uk">.*За цією адресою.*<p lang="en" dir="ltr">There is no such file\./s)
  assert.match(await asked('/assets/reader-00000000.js', 'en'), /<p>There is no such file\./)
})

test('a retracted post is gone from every page, and its own answers 410 with the reason', async (t) => {
  const newsroom = new Newsroom(await startServer(t), 'gone')
  await newsroom.open()
  const id = await newsroom.publish({ headline: 'Wrong words', body: { text: 'Wrong in full.' }, tags: ['wrongtag'] })
  await newsroom.pin(id)
  await newsroom.retract(id, 'Could not be confirmed.')
  for (const [path, status] of [
    ['', 200],
    [`/p/${id}`, 410],
  ] as const) {
    const answer = await fetch(`${newsroom.page}${path}`)
    const text = await answer.text()
    assert.equal(answer.status, status)
    assert.match(text, /Could not be confirmed\./)
    assert.doesNotMatch(text, /Wrong words|Wrong in full|wrongtag/)
  }
})

test('scripts and styles may be kept for ever, under a name that changes with them', async (t) => {
  const newsroom = new Newsroom(await startServer(t), 'assets')
  await newsroom.open()
  const page = await (await fetch(newsroom.page)).text()
  const files = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? '')
  assert.equal(files.length, 3)
  for (const file of files) {
    const answer = await fetch(new URL(file, newsroom.page))
    assert.equal(answer.status, 200, file)
    assert.match(file, /-[A-Z0-9]{8}\.(js|css|svg)$/)
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable')
    assert.match(answer.headers.get('content-type') ?? '', /^(text\/javascript|text\/css|image\/svg\+xml)/)
  }
  const missing = await fetch(new URL('/assets/reader-00000000.js', newsroom.page))
  assert.equal(missing.status, 404)
  assert.equal(missing.headers.get('cache-control'), 'no-store')
})
