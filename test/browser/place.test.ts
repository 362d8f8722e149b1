import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { until } from '../faults/until.ts'
import { launchChromium } from './chromium.ts'
import { openSite, untilLive } from './site.ts'

/** What is read stays where it is, whatever comes: in pixels, and by the browser's own account of what has shifted. */

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** Sums up what shifts in view without the reader's doing (Layout Instability). The score of a page is at most this. */
const watchShifts = `
window.shifted = 0
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shifted += value
}).observe({ type: 'layout-shift', buffered: true })`

const shiftedMax = 0.1

const cpuRate = 4
/** How long the slowest input took until the page had been painted (Event Timing; INP is of this kind). */
const watchInputs = `
window.slowestInputMs = 0
new PerformanceObserver((list) => {
  for (const { duration, interactionId } of list.getEntries()) {
    if (interactionId > 0) window.slowestInputMs = Math.max(window.slowestInputMs, duration)
  }
}).observe({ type: 'event', durationThreshold: 16, buffered: true })`

/** Two frames later all that has shifted so far has been told. */
async function shifted(page: Page): Promise<number> {
  return await page.evaluate(`new Promise((told) => {
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => told(window.shifted))))
  })`)
}

function article(page: Page, headline: string) {
  return page.locator('article', { has: page.getByRole('heading', { name: headline, exact: true }) })
}

function topOf(page: Page, headline: string): Promise<number> {
  return article(page, headline).evaluate((element) => element.getBoundingClientRect().top)
}

async function scrollTo(page: Page, headline: string, fromTop = 120): Promise<void> {
  await article(page, headline).evaluate((element, px) => {
    window.scrollBy({ top: element.getBoundingClientRect().top - px, behavior: 'instant' })
  }, fromTop)
}

/** Scroll positions are whole pixels, and the heights of posts are not. */
function assertSame(now: number, was: number): void {
  assert.ok(Math.abs(now - was) < 1, `it moved from ${was} to ${now}`)
}

const long = (sentence: string) => ({ text: `${sentence} `.repeat(250) })

test('posts that come while the page stands at its top shift nothing, one at a time and thirty at once', {
  timeout,
}, async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'shifts')
  await newsroom.publishMany('Post', 12)
  const page = await open(newsroom.path, { before: watchShifts })
  await untilLive(page)
  for (let i = 1; i <= 30; i++) {
    await newsroom.publish({ headline: `One ${i}`, body: { text: `What is known of ${i}. `.repeat(9) } })
    await article(page, `One ${i}`).waitFor()
  }
  const byOne = await shifted(page)
  assert.ok(byOne <= shiftedMax, `thirty posts, one at a time: ${byOne}`)
  await Promise.all(Array.from({ length: 30 }, (_, i) => newsroom.publish({ headline: `Burst ${i + 1}` })))
  await page.locator('article', { hasText: 'Burst' }).nth(29).waitFor()
  const all = await shifted(page)
  assert.ok(all - byOne <= shiftedMax, `thirty posts at once: ${all - byOne}`)
})

test('a reader who is a little below the top, or who wants no motion, is told of new posts, and nothing moves', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'below-top')
  await newsroom.publishMany('Post', 12)
  const below = await open(newsroom.path, { before: watchShifts })
  const still = await open(newsroom.path, { before: watchShifts, reducedMotion: 'reduce' })
  await below.evaluate(() => window.scrollTo({ top: 60, behavior: 'instant' }))
  for (const page of [below, still]) await untilLive(page)
  const tops = await Promise.all([below, still].map((page) => topOf(page, 'Post 12')))
  await newsroom.publish({ headline: 'New' })
  for (const [i, page] of [below, still].entries()) {
    const button = page.getByRole('button', { name: '1 new post' })
    await button.waitFor()
    assertSame(await topOf(page, 'Post 12'), tops[i] ?? Number.NaN)
    assert.equal(await shifted(page), 0)
    await button.click()
    await article(page, 'New').waitFor()
    assert.ok(await article(page, 'New').evaluate((element) => element === document.activeElement))
  }
})

test('below a pinned post that fills the view, new posts are announced until they are shown', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'tall-pin')
  await newsroom.publishMany('Post', 3)
  const tall = await newsroom.publish({ headline: 'What we know', body: long('All of it is known.') })
  await newsroom.pin(tall)
  const page = await open(newsroom.path, { before: watchShifts })
  await untilLive(page)
  const top = await topOf(page, 'What we know')
  await newsroom.publish({ headline: 'New' })
  const button = page.getByRole('button', { name: '1 new post' })
  await button.waitFor()
  assert.equal(await article(page, 'New').count(), 0)
  assertSame(await topOf(page, 'What we know'), top)
  await button.click()
  await until('the new post is in view', async () => {
    const [at, height] = [await topOf(page, 'New'), page.viewportSize()?.height ?? 0]
    return at >= 0 && at < height / 2
  })
  assert.equal(await button.count(), 0)
})

test('a post that is pinned or unpinned while it is read stays where it is until the reader has moved on', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'pinned-while-read')
  const ids = await newsroom.publishMany('Post', 20)
  const page = await open(newsroom.path)
  await untilLive(page)
  await scrollTo(page, 'Post 10')
  const tops = () => Promise.all(['Post 10', 'Post 9'].map((headline) => topOf(page, headline)))
  const places = () => page.locator('#posts > article').evaluateAll((all) => all.map(({ id }) => id))
  const [read = '', further = ''] = [ids[9], ids[0]]
  const assertStill = async (was: readonly number[]) => {
    for (const [i, top] of (await tops()).entries()) assertSame(top, was[i] ?? Number.NaN)
  }
  const before = await tops()
  const link = article(page, 'Post 10').locator('.permalink')
  await link.focus()
  await newsroom.pin(read)
  await newsroom.edit(further, { headline: 'After the pin' })
  await article(page, 'After the pin').waitFor()
  await assertStill(before)
  assert.ok(await link.evaluate((element) => element === document.activeElement))
  assert.equal((await places()).indexOf(`post-${read}`), 10)

  await scrollTo(page, 'Post 3')
  const after = await topOf(page, 'Post 3')
  await until('it stands first', async () => (await places())[0] === `post-${read}`)
  await article(page, 'Post 10').locator('.label-pinned').waitFor()
  assertSame(await topOf(page, 'Post 3'), after)

  await scrollTo(page, 'Post 10', -30)
  assert.ok(await page.evaluate(() => window.scrollY > 0))
  const pinned = await tops()
  await newsroom.unpin(read)
  await newsroom.edit(further, { headline: 'After its end' })
  await article(page, 'After its end').waitFor()
  assert.equal((await places())[0], `post-${read}`)
  await assertStill(pinned)
})

test('a post that fills the view is taken back: what is left of it is in view, and the focus does not fall to the page', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'taken-back')
  await newsroom.publishMany('Earlier', 6)
  const body = {
    markdown: `${'Much has been said. '.repeat(400)}\n\n[A link](https://example.com/)\n\n${'And more. '.repeat(400)}`,
  }
  const id = await newsroom.publish({ headline: 'Words to take back', body })
  await newsroom.publishMany('Later', 6)
  const page = await open(newsroom.path)
  await untilLive(page)
  const link = page.getByRole('link', { name: 'A link' })
  await link.evaluate((element) => element.scrollIntoView({ block: 'center', behavior: 'instant' }))
  await link.focus()
  await newsroom.retract(id, 'Not so.')
  const stub = page.locator(`#post-${id}`)
  await stub.getByText('Not so.').waitFor()
  await until('what is left is in view', async () => {
    const { top, bottom } = await stub.evaluate((element) => element.getBoundingClientRect().toJSON())
    return bottom > 60 && top < 400
  })
  assert.ok(await stub.evaluate((element) => element.contains(document.activeElement)))
})

test('a picture of which no size is known moves nothing when it loads', async (t) => {
  const { newsroom, open, url } = await openSite(t, browser, 'pictures')
  await newsroom.publishMany('Post', 4)
  const media = [{ type: 'image', url: `${url}/slow.svg`, alt: 'A quay' }]
  await newsroom.publish({ headline: 'With a picture', body: { text: 'See it.' }, media })
  const page = await open(newsroom.path, {
    before: watchShifts,
    expected: /404/,
    viewport: { width: 800, height: 1_000 },
  })
  await untilLive(page)
  const top = await topOf(page, 'Post 4')
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="900"><rect width="400" height="900"/></svg>'
  await page.route('**/slow.svg*', (route) => route.fulfill({ contentType: 'image/svg+xml', body: svg }))
  await page.locator('figure img').evaluate(async (image) => {
    if (!(image instanceof HTMLImageElement)) throw new TypeError('It is no picture.')
    image.src += '?again'
    await image.decode()
  })
  assertSame(await topOf(page, 'Post 4'), top)
  assert.equal(await shifted(page), 0)
})

/** A browser in which nothing can be measured, moved or asked for what its reader wants. */
const unmeasured = `
const none = () => { throw new Error('not in this browser') }
window.matchMedia = none
Element.prototype.getBoundingClientRect = none
Element.prototype.animate = none
HTMLElement.prototype.focus = none`

test('where the page can not be measured, a retraction and an edit are shown all the same, and new posts by the button', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'unmeasured')
  const [first = '', second = ''] = await newsroom.publishMany('Post', 3)
  const page = await open(newsroom.path, { before: unmeasured, expected: /not in this browser/ })
  await untilLive(page)
  await newsroom.edit(second, { headline: 'Edited' })
  await article(page, 'Edited').waitFor()
  await newsroom.retract(first, 'Not so.')
  await page.getByText('Not so.').waitFor()
  assert.doesNotMatch(await page.content(), /What Post 1 is about/)
  await newsroom.publish({ headline: 'New' })
  await page.locator('[data-show-new]').dispatchEvent('click')
  await article(page, 'New').waitFor()
})

test('of two thousand posts that come, the page holds two hundred, and a mark where the others are, which brings them', {
  timeout,
}, async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'many')
  await newsroom.publishMany('Post', 20)
  const page = await open(newsroom.path, { before: watchInputs })
  await untilLive(page)
  await scrollTo(page, 'Post 10')
  const top = await topOf(page, 'Post 10')
  const numbers = Array.from({ length: 2_000 }, (_, i) => i + 1)
  const publishNext = async () => {
    for (let i = numbers.shift(); i !== undefined; i = numbers.shift()) await newsroom.publish({ headline: `New ${i}` })
  }
  await Promise.all(Array.from({ length: 8 }, publishNext))
  const button = page.getByRole('button', { name: '2,000 new posts' })
  await button.waitFor()
  assertSame(await topOf(page, 'Post 10'), top)
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: cpuRate })
  await button.click()
  const articles = page.locator('#posts > [data-post]')
  const gap = page.getByRole('button', { name: 'Show 1,970 posts in between' })
  await gap.waitFor()
  assert.equal(await articles.count(), 50)
  await gap.click()
  await page.getByRole('button', { name: 'Show 1,940 posts in between' }).waitFor()
  assert.ok(await articles.nth(30).evaluate((element) => element === document.activeElement))
  for (let i = 0; i < 8; i++) {
    const mark = page.locator('.gap button').first()
    await mark.scrollIntoViewIfNeeded()
    const at = await mark.evaluate((button) => button.closest('.gap')?.getBoundingClientRect().top ?? Number.NaN)
    await mark.click()
    assertSame(await page.evaluate(() => document.activeElement?.getBoundingClientRect().top ?? Number.NaN), at)
  }
  assert.ok((await articles.count()) <= 200, `${await articles.count()} articles`)
  assert.ok((await page.locator('#posts *').count()) < 6_000)
  // Told, and not judged: it depends on the machine.
  const slowestMs = await page.evaluate<number>('window.slowestInputMs')
  t.diagnostic(`slowest input, with the processor ${cpuRate} times as slow: ${slowestMs} ms`)
})

test('a screen reader is given one message in ten seconds, with all counts in it, of corrections and retractions too', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'said')
  const ids = await newsroom.publishMany('Post', 12)
  const page = await open(newsroom.path)
  await page.clock.install()
  await page.reload()
  await untilLive(page)
  await scrollTo(page, 'Post 6')
  const said = () => page.evaluate<string[]>('window.said')
  await page.getByRole('status').evaluate((status) => {
    const all: string[] = []
    Object.assign(window, { said: all })
    new MutationObserver(() => {
      if (status.textContent) all.push(status.textContent)
    }).observe(status, { childList: true, characterData: true, subtree: true })
  })
  await newsroom.publish({ headline: 'First' })
  await page.getByRole('button', { name: '1 new post' }).waitFor()
  for (let i = 0; i < 24; i++) await newsroom.publish({ headline: `Burst ${i}` })
  await newsroom.edit(ids[5] ?? '', { correction: { text: 'It said something else.' } })
  await newsroom.retract(ids[4] ?? '', 'Not so.')
  await page.getByRole('button', { name: '25 new posts' }).waitFor()
  await page.getByText('Not so.').waitFor()
  assert.deepEqual(await said(), ['1 new post'])
  await page.clock.fastForward(10_000)
  await until('the second message', async () => (await said()).length === 2)
  assert.equal((await said())[1], '24 new posts. 1 post was corrected. 1 post was retracted')
  const tree = await page.getByRole('status').ariaSnapshot()
  assert.match(tree, /24 new posts. 1 post was corrected. 1 post was retracted/)
})

const hideable = `
let hiddenNow = false
Object.defineProperty(document, 'hidden', { get: () => hiddenNow })
Object.defineProperty(document, 'visibilityState', { get: () => (hiddenNow ? 'hidden' : 'visible') })
window.hide = (now) => {
  hiddenNow = now
  document.dispatchEvent(new Event('visibilitychange'))
}`

test('a hidden tab counts new posts in its title, and shows them when it is shown; a paused page says that it is', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'titles')
  await newsroom.publishMany('Post', 5)
  const page = await open(newsroom.path, { before: hideable })
  await untilLive(page)
  const title = await page.title()
  await page.evaluate('window.hide(true)')
  for (let i = 1; i <= 4; i++) await newsroom.publish({ headline: `Unseen ${i}` })
  await until('the title counts', async () => (await page.title()) === `(4) ${title}`)
  assert.equal(await article(page, 'Unseen 4').count(), 0)
  await page.evaluate('window.hide(false)')
  await article(page, 'Unseen 4').waitFor()
  assert.equal(await page.title(), title)

  await page.getByRole('button', { name: 'Pause' }).click()
  assert.equal(await page.locator('[data-connection]').textContent(), 'Paused')
  await page.getByRole('button', { name: 'Resume' }).click()
  assert.equal(await page.locator('[data-connection]').textContent(), 'Live updates')
})
