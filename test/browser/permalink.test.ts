import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { openSite } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

test("an edit and a retraction reach a post's own page, and its head", async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'alone')
  const id = await newsroom.publish({ headline: 'First words', body: { text: 'Said in full.' } })
  const page = await open(`${newsroom.path}/p/${id}`)
  assert.equal(await page.locator('h1').textContent(), 'First words')
  await newsroom.edit(id, { headline: 'Second words' })
  await page.getByRole('heading', { level: 1, name: 'Second words' }).waitFor()
  assert.match(await page.title(), /^Second words/)

  await newsroom.retract(id, 'Not so.')
  await page.getByText('Not so.').waitFor()
  assert.doesNotMatch(await page.content(), /words|Said in full/)
  const answer = await fetch(page.url())
  assert.equal(answer.status, 410)
  assert.match(await answer.text(), /Not so\./)
})

test('an edit and a retraction reach a page of older posts', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'old-page')
  const [first = '', second = ''] = await newsroom.publishMany('Post', 33)
  const plain = await open(newsroom.path, { javaScriptEnabled: false })
  const href = await plain.getByRole('link', { name: 'Older posts' }).getAttribute('href')
  const page = await open(href ?? '')
  await newsroom.edit(second, { headline: 'Edited' })
  await page.getByRole('heading', { name: 'Edited' }).waitFor()
  await newsroom.retract(first, 'Not so.')
  await page.getByText('Not so.').waitFor()
  assert.doesNotMatch(await page.content(), /Post 1\b/)
  assert.equal(await page.locator('article').count(), 3)
})
