import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { languages } from '../../src/pages/reader/words/languages.ts'
import { wordsFor } from '../../src/pages/reader/words.ts'
import { launchChromium } from './chromium.ts'
import { Newsroom } from './newsroom.ts'
import { openSite, untilLive } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** A post with everything that has a fixed text beside it. Its own texts have no letter. */
const full = {
  headline: '1 + 1',
  body: { markdown: '| 1 | 2 |\n| --- | --- |\n| 3 | 4 |\n\n    5' },
  authors: [{ name: '10' }, { name: '11' }],
  sources: [{ name: '20' }],
  tags: ['30'],
  media: [{ type: 'image', url: 'http://127.0.0.1/1.png', alt: '', credit: '40', sensitive: true }],
  keyEvent: true,
  breaking: true,
  verification: 'disputed',
  sensitivity: '50',
  eventTime: '2026-03-01T21:00:00Z',
}

/** The words of a page, as readers see them and as screen readers hear them. */
function textOf(page: Page): Promise<string> {
  return page.evaluate(() => {
    const labels = [...document.querySelectorAll('[aria-label]')].map((element) => element.getAttribute('aria-label'))
    return [document.title, document.body.innerText, ...labels].join('\n')
  })
}

for (const { language } of languages.slice(1)) {
  test(`a page in ${language} has no fixed text in English, whatever happens on it`, async (t) => {
    const { newsroom, open } = await openSite(t, browser, 'words', { language, title: '1', summary: '2' })
    const words = wordsFor(language)
    for (let count = 0; count < 31; count += 1) await newsroom.publish({ headline: `${count}` })
    const page = await open(newsroom.path, {
      timezoneId: 'Asia/Tokyo',
      expected: /ERR_INTERNET_DISCONNECTED|WebSocket|ERR_CONNECTION_REFUSED/,
    })
    await untilLive(page)
    let seen = await textOf(page)

    const id = await newsroom.publish(full)
    await page.locator(`#post-${id}`).waitFor()
    for (const kind of ['correction', 'clarification', 'update', 'editors-note']) {
      await newsroom.edit(id, { correction: { kind, text: '60' } })
    }
    const gone = await newsroom.publish({ headline: '70' })
    await newsroom.retract(gone, '80')
    await page.getByText(words.retracted).waitFor()
    // Below a pinned post that fills the view, new ones would wait.
    await newsroom.pin(id)
    await page.locator('.label-pinned').waitFor()
    await page.getByText(words.ownTime.replace('{time}', '').trim()).first().waitFor()
    await page.getByText(words.correction['editors-note']).waitFor()
    seen += await textOf(page)
    await page.getByRole('button', { name: words.pause }).click()
    await newsroom.publish({ headline: '90' })
    await page.getByRole('button', { name: words.newPosts(1) }).waitFor()
    seen += await textOf(page)
    await page.context().setOffline(true)
    await page.locator('[data-bar][data-state="offline"]').waitFor()
    seen += await textOf(page)
    for (const path of ['', `/p/${id}`, `/p/${gone}`]) {
      const other = await open(`${newsroom.path}${path}`, {
        javaScriptEnabled: false,
        expected: /status of 410|ERR_CONNECTION_REFUSED/,
      })
      seen += await textOf(other)
      const older = other.getByRole('link', { name: words.older })
      if (path === '') {
        await older.click()
        await other.getByRole('link', { name: words.newest }).waitFor()
        seen += await textOf(other)
      }
    }
    const message = await open('/c/unknown', { locale: language, expected: /status of 404/ })
    seen += await textOf(message)

    // What is left in Latin letters, in a language with letters of its own, are names and zones.
    const latin = seen.match(/\p{Script=Latin}{2,}/gu) ?? []
    if (language === 'uk' || language === 'ar') {
      const left = new Set(latin.filter((word) => !/^(Wirecopy|GMT|BST|UTC|JST)$/.test(word)))
      assert.deepEqual([...left], [])
    }
    const english =
      /\b(the|post|posts|live|pinned|by|your time|reason|updated|happened|sources|picture|correction|older)\b/gi
    const shared: Readonly<Record<string, RegExp>> = { fr: /^(sources|correction)$/i, de: /^live$/i }
    const found = (seen.match(english) ?? []).filter((word) => shared[language]?.test(word) !== true)
    assert.deepEqual(found, [])
  })
}

test('in Arabic the page runs from right to left, and the parts of a time stand in that order, each as it is read', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'arabic', { language: 'ar', timeZone: 'Asia/Riyadh' })
  await newsroom.publish({
    headline: 'FBI تحقق في الحريق',
    eventTime: '2026-03-01T21:04:00Z',
    sources: [{ name: 'AFP' }, { name: 'رويترز' }],
  })
  const page = await open(newsroom.path, { timezoneId: 'Asia/Tokyo' })
  await untilLive(page)
  await newsroom.publish({
    headline: 'حريق',
    eventTime: '2026-03-01T21:04:00Z',
    sources: [{ name: 'AFP' }, { name: 'رويترز' }],
  })
  await page.locator('article').nth(1).waitFor()
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).direction), 'rtl')

  const articles = await page.locator('article').evaluateAll((all) =>
    all.map((article) => {
      const leftOf = (node: Node, start: number, end: number) => {
        const range = document.createRange()
        range.setStart(node, start)
        range.setEnd(node, end)
        return Math.round(range.getBoundingClientRect().left)
      }
      const event = article.querySelector('time[datetime="2026-03-01T21:04:00.000Z"]')
      const parts = [...(event?.querySelectorAll('bdi') ?? [])]
      const clock = parts[0]?.firstChild
      const names = [...article.querySelectorAll('.sources > span')]
      const comma = names[0]?.nextSibling
      const lefts = (elements: readonly Element[]) => elements.map((element) => element.getBoundingClientRect().left)
      return {
        headline: getComputedStyle(article.querySelector('.headline') ?? article).direction,
        text: parts.map((part) => part.textContent),
        lefts: lefts(parts),
        // Where "1", ":" and "ص" of the clock stand.
        clock: clock === null || clock === undefined ? [] : [0, 2, 5].map((at) => leftOf(clock, at, at + 1)),
        comma: comma?.textContent,
        sources: lefts(names),
      }
    }),
  )
  for (const { headline, text, lefts, clock, comma, sources } of articles) {
    assert.equal(headline, 'rtl')
    assert.deepEqual(text.slice(0, 3), ['12:04\u00a0ص', 'غرينتش+3', '2 مارس 2026'])
    assert.match(text[3] ?? '', /^6:04\u00a0ص$/)
    assert.deepEqual(
      lefts,
      lefts.toSorted((a, b) => b - a),
      'from right to left',
    )
    const [hour = 0, colon = 0, half = 0] = clock
    assert.ok(half < hour && hour < colon, `12:04 ص is read from its right: ${clock.join()}`)
    assert.equal(comma, '، ')
    assert.deepEqual(
      sources,
      sources.toSorted((a, b) => b - a),
    )
  }
  assert.equal(articles.length, 2)
})

/** What another version of the browser's data would do: other digits, another cycle of hours, another kind of space. */
const otherData = `
  const Real = Intl.DateTimeFormat
  Intl.DateTimeFormat = class extends Real {
    constructor(locale, options) {
      super({ ar: 'ar-EG', 'en-US': 'en-GB', uk: 'en-US' }[locale] ?? locale, options)
    }
    format(at) {
      return super.format(at).replaceAll('\\u202f', ' ')
    }
  }`

test('a post looks the same whether the server or the browser has rendered it, whichever data the browser has', async (t) => {
  const { url, adminKey, open } = await openSite(t, browser, 'first')
  for (const language of ['en-US', 'ar', 'ar-EG', 'uk', 'fa', 'he']) {
    const newsroom = new Newsroom({ url, adminKey }, language.toLowerCase())
    await newsroom.open({ language })
    const live = await open(newsroom.path, { before: otherData })
    await untilLive(live)
    const id = await newsroom.publish({
      ...full,
      media: [],
      headline: 'One',
      body: { markdown: '## Two\n\n    three' },
    })
    const article = `#post-${id}`
    // It has come to rest.
    await live.locator(`${article}:not([style])`).waitFor()
    const rendered = await open(newsroom.path, { javaScriptEnabled: false })
    const markup = (page: Page) => page.locator(article).evaluate((element) => element.outerHTML)
    assert.equal(await markup(live), await markup(rendered), language)
  }
})
