import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { openSite, untilLive } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

function headlines(page: Page): Promise<string[]> {
  return page.locator('article .headline').allTextContents()
}

/** Distance of an article from the top of the window, in CSS pixels. */
function topOf(page: Page, headline: string): Promise<number> {
  return page
    .locator('article', { hasText: headline })
    .first()
    .evaluate((article) => article.getBoundingClientRect().top)
}

async function scrollTo(page: Page, headline: string): Promise<void> {
  await page
    .locator('article', { has: page.getByRole('heading', { name: headline, exact: true }) })
    .evaluate((article) => window.scrollBy({ top: article.getBoundingClientRect().top - 120, behavior: 'instant' }))
}

test('with JavaScript off, the page reads, and older posts are a link away', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'plain', { summary: 'What is known so far.' })
  const [first = ''] = await newsroom.publishMany('Post', 35)
  await newsroom.pin(first)
  const page = await open(newsroom.path, { javaScriptEnabled: false })

  assert.equal(await page.locator('h1').textContent(), 'Fire at the old harbour')
  assert.deepEqual((await headlines(page)).slice(0, 3), ['Post 1', 'Post 35', 'Post 34'])
  assert.equal(await page.locator('[data-pause]').isVisible(), false)
  await page.getByRole('link', { name: 'Older posts' }).click()
  assert.ok((await headlines(page)).includes('Post 2'))
  await page.getByRole('link', { name: 'Back to the newest posts' }).click()
  await page.getByRole('link', { name: 'Post 35', exact: true }).click()
  assert.equal(await page.locator('h1').textContent(), 'Post 35')
})

test('a post comes live; its edit, pin and retraction reach the open page, and its text is gone from it', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'live')
  const page = await open(newsroom.path)
  await untilLive(page)
  assert.equal(await page.getByRole('feed').count(), 0)

  const id = await newsroom.publish({ headline: 'Two boats reach the quay', body: { markdown: 'They are **here**.' } })
  await page.getByRole('heading', { name: 'Two boats reach the quay' }).waitFor()
  assert.equal(await page.locator('.body strong').textContent(), 'here')
  assert.equal(await page.getByRole('feed').count(), 1)
  await newsroom.publish({ headline: 'The wind turns' })
  await page.getByRole('heading', { name: 'The wind turns' }).waitFor()

  const article = page.locator(`#post-${id}`)
  const link = article.locator('.permalink')
  await link.focus()
  await newsroom.edit(id, { headline: 'Three boats reach the quay', correction: { text: 'It said two boats.' } })
  await page.getByRole('heading', { name: 'Three boats reach the quay' }).waitFor()
  await article.getByText('It said two boats.').waitFor()
  assert.deepEqual(await headlines(page), ['The wind turns', 'Three boats reach the quay'])

  await newsroom.pin(id)
  await page.locator('article.pinned').waitFor()
  assert.deepEqual(await headlines(page), ['Three boats reach the quay', 'The wind turns'])
  assert.ok(await link.evaluate((element) => element === document.activeElement), 'the focus stays where it was')

  await newsroom.retract(id, 'There were no boats.')
  await article.getByText('There were no boats.').waitFor()
  assert.deepEqual(await headlines(page), ['The wind turns', 'This post was retracted'])
  assert.doesNotMatch(await page.content(), /boats reach the quay|They are|two boats/)
})

test('a text that was on the page as it was rendered is gone from it once retracted', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'rendered')
  const id = await newsroom.publish({ headline: 'Words to take back' })
  const page = await open(newsroom.path)
  await untilLive(page)
  await newsroom.retract(id, 'Wrong.')
  await page.getByText('Wrong.').waitFor()
  assert.doesNotMatch(await page.content(), /Words to take back/)
})

test('while one reads further down, nothing moves: new posts wait, edits and retractions apply in place', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'anchored')
  const ids = await newsroom.publishMany('Post', 20)
  const page = await open(newsroom.path)
  await untilLive(page)
  await scrollTo(page, 'Post 10')
  const top = await topOf(page, 'Post 10')
  // Scroll positions are whole pixels of the screen, and the heights of posts are not.
  const assertStill = async () => {
    const now = await topOf(page, 'Post 10')
    assert.ok(Math.abs(now - top) < 1, `it moved from ${top} to ${now}`)
  }

  await newsroom.publish({ headline: 'Above all' })
  const show = page.getByRole('button', { name: '1 new post' })
  await show.waitFor()
  assert.equal(await page.getByRole('status').textContent(), '1 new post')
  assert.equal(await page.getByText('Above all').count(), 0)
  await assertStill()

  await newsroom.edit(ids[17] ?? '', { body: { text: 'Much longer than before. '.repeat(60) } })
  await page.getByText('Much longer than before.').waitFor()
  await assertStill()
  await newsroom.retract(ids[16] ?? '', 'Gone.')
  await page.getByText('Gone.').waitFor()
  await assertStill()
  await newsroom.pin(ids[2] ?? '')
  await page.locator('article.pinned').waitFor()
  await assertStill()

  await show.click()
  const fresh = page.locator('article', { hasText: 'Above all' })
  await fresh.waitFor()
  assert.ok(await fresh.evaluate((article) => article === document.activeElement))
  assert.ok((await topOf(page, 'Above all')) >= 0)
  assert.equal(await page.locator('[data-show-new]').isVisible(), false)
})

test('the pause holds new posts back, and never a retraction', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'paused')
  const id = await newsroom.publish({ headline: 'Soon taken back' })
  const page = await open(newsroom.path)
  await untilLive(page)
  await page.getByRole('button', { name: 'Pause' }).click()

  await newsroom.publish({ headline: 'Held back' })
  await newsroom.publish({ headline: 'Held back, too' })
  await page.getByRole('button', { name: '2 new posts' }).waitFor()
  await newsroom.retract(id, 'Not so.')
  await page.getByText('Not so.').waitFor()
  assert.deepEqual(await headlines(page), ['This post was retracted'])

  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('heading', { name: 'Held back', exact: true }).waitFor()
  assert.deepEqual(await headlines(page), ['Held back, too', 'Held back', 'This post was retracted'])
})

test('a page that lost its network is whole again when it is back, with every post once', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'offline')
  const id = await newsroom.publish({ headline: 'Before' })
  const page = await open(newsroom.path, { expected: /ERR_INTERNET_DISCONNECTED|WebSocket/ })
  await untilLive(page)

  const elsewhere = await open(newsroom.path)
  await untilLive(elsewhere)

  await page.context().setOffline(true)
  await newsroom.publish({ headline: 'Meanwhile' })
  await newsroom.retract(id, 'Taken back meanwhile.')
  await elsewhere.getByText('Taken back meanwhile.').waitFor()
  assert.deepEqual(await headlines(page), ['Before'])
  await page.context().setOffline(false)
  await page.getByText('Taken back meanwhile.').waitFor()
  await page.getByRole('heading', { name: 'Meanwhile' }).waitFor()
  await untilLive(page)
  await newsroom.publish({ headline: 'After' })
  await page.getByRole('heading', { name: 'After' }).waitFor()
  assert.deepEqual(await headlines(page), ['After', 'Meanwhile', 'This post was retracted'])
})

test('older posts come into the same list, and a change of one of them reaches it', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'older')
  const ids = await newsroom.publishMany('Post', 40)
  const page = await open(newsroom.path)
  await untilLive(page)
  await page.getByRole('link', { name: 'Older posts' }).click()
  await page.getByRole('heading', { name: 'Post 1', exact: true }).waitFor()
  assert.deepEqual(
    await headlines(page),
    Array.from({ length: 40 }, (_, index) => `Post ${40 - index}`),
  )
  assert.equal(await page.getByRole('link', { name: 'Older posts' }).isVisible(), false)
  await newsroom.edit(ids[0] ?? '', { headline: 'Post 1, edited' })
  await page.getByRole('heading', { name: 'Post 1, edited' }).waitFor()
  assert.equal(await page.locator('article').count(), 40)
})

test('a reader in another zone sees both clocks', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'zones', { timeZone: 'UTC' })
  await newsroom.publish({ headline: 'Rendered' })
  const page = await open(newsroom.path, { timezoneId: 'Asia/Kolkata' })
  await untilLive(page)
  await newsroom.publish({ headline: 'Live' })
  await page.getByRole('heading', { name: 'Live' }).waitFor()
  for (const when of await page.locator('.when').all()) {
    assert.match((await when.textContent()) ?? '', /\d\d:\d\d UTC .*\d\d:\d\d.* your time/)
  }
})
