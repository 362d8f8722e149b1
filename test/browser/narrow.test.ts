import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { languages } from '../../src/pages/reader/words/languages.ts'
import { wordsFor } from '../../src/pages/reader/words.ts'
import { launchChromium } from './chromium.ts'
import { Newsroom } from './newsroom.ts'
import { openSite, type Site, untilLive } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** Words that are as long as some are, and a little more. */
const long: Readonly<Record<string, string>> = {
  en: 'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch',
  uk: 'Тетрагідропіранілциклопентилтетрагідропіридопіридинова',
  ar: 'أفاستسقيناكموهاأفاستسقيناكموهاأفاستسقيناكموها',
  fr: 'Anticonstitutionnellementintergouvernementalisations',
  de: 'Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz',
  es: 'Electroencefalografistainconstitucionalmenteesternocleidomastoideo',
}

function wideIn(language: string, url: string) {
  const word = long[language] ?? ''
  const cells = [1, 2, 3, 4, 5, 6, 7, 8]
  const row = (text: string) => `| ${cells.map((cell) => (cell === 2 ? '1' : `${text} ${cell}`)).join(' | ')} |`
  return {
    headline: `${word} ${word}`,
    body: {
      markdown: `${row('Column')}\n${row('---').replaceAll(/[^|]+/g, '---')}\n${row('value')}\n\n    ${'preformatted '.repeat(12)}\n\nSee https://news.example/${'long-'.repeat(30)} and \`${'code'.repeat(20)}\`.\n\n> ${word}\n\n- ${word}`,
    },
    authors: [{ name: word.repeat(2), role: word, url: 'https://news.example/a' }, { name: word }],
    sources: [{ name: word.repeat(2), url: 'https://news.example/s' }, { name: word }],
    tags: [word.slice(0, 50), `${word.slice(0, 48)}-2`],
    media: [{ type: 'image', url: `${url}/1.png`, alt: word, caption: word, credit: word, width: 1600, height: 900 }],
    sensitivity: word,
    verification: 'unconfirmed',
    keyEvent: true,
    breaking: true,
    eventTime: '2026-03-01T21:00:00Z',
  }
}

/** A zone that is not the channel's, so that each time is there twice. */
const zone = { timezoneId: 'Asia/Tokyo', expected: /status of 4(04|10)/ }

function openWide(t: TestContext, language: string): Promise<Site> {
  const word = long[language] ?? ''
  return openSite(t, browser, 'narrow', { language, title: word, summary: word })
}

/** Widths of a window in CSS pixels, and the size of text in it; 32 px are twice the usual one. */
const windows = [
  { width: 320, textPx: 16 },
  { width: 320, textPx: 32 },
  { width: 390, textPx: 32 },
] as const

/** Fails if the page scrolls sideways, or if a table breaks words. */
async function assertFits(page: Page, what: string): Promise<void> {
  for (const { width, textPx } of windows) {
    await page.setViewportSize({ width, height: 800 })
    const found = await page.evaluate((px) => {
      const root = document.documentElement
      root.style.fontSize = `${px}px`
      const sticking = [...document.querySelectorAll('body *')].filter((element) => {
        const { left, right } = element.getBoundingClientRect()
        const unseen = getComputedStyle(element).position === 'absolute'
        return (right > root.clientWidth + 0.5 || left < -0.5) && element.closest('.scroll') === null && !unseen
      })
      const broken = [...document.querySelectorAll('.body :is(th, td)')].filter((cell) => {
        const range = document.createRange()
        return [...(cell.firstChild?.textContent ?? '').matchAll(/\S+/g)].some((word) => {
          range.setStart(cell.firstChild ?? cell, word.index)
          range.setEnd(cell.firstChild ?? cell, word.index + word[0].length)
          return range.getClientRects().length > 1
        })
      })
      const narrow = [...document.querySelectorAll('.body :is(th, td)')].filter((cell) => {
        const { paddingLeft, paddingRight, fontSize } = getComputedStyle(cell)
        const inner = cell.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight)
        // A digit is at least half as wide as the text is high.
        return inner < 1.5 * Number.parseFloat(fontSize)
      })
      const named = (elements: Element[]) => elements.slice(0, 5).map((element) => element.outerHTML.slice(0, 120))
      return {
        beyond: root.scrollWidth - root.clientWidth,
        sticking: named(sticking),
        broken: named(broken),
        narrow: named(narrow),
      }
    }, textPx)
    const none = { beyond: 0, sticking: [], broken: [], narrow: [] }
    assert.deepEqual(found, none, `${what}, ${width} px wide, text of ${textPx} px`)
  }
}

for (const { language } of languages) {
  test(`no page in ${language} scrolls sideways on a phone, at twice the size of text, whatever is in it`, async (t) => {
    const { newsroom, open, url } = await openWide(t, language)
    const words = wordsFor(language)
    const id = await newsroom.publish(wideIn(language, url))
    const word = long[language] ?? ''
    await newsroom.edit(id, { correction: { kind: 'editors-note', text: word } })
    await newsroom.retract(await newsroom.publish({ headline: word }), word)
    const page = await open(newsroom.path, zone)
    await untilLive(page)
    await page.setViewportSize({ width: 360, height: 800 })
    const heights = new Set<number>()
    const bar = page.locator('[data-bar]')
    const measure = async () => heights.add(await bar.evaluate((element) => element.getBoundingClientRect().height))
    await measure()
    await page.getByRole('button', { name: words.pause }).click()
    await measure()
    await newsroom.pin(id)
    await page.locator('article.pinned').waitFor()
    for (const count of [1, 2, 3, 4, 5]) {
      await newsroom.publish({ headline: `Waiting ${count}` })
      await page.getByRole('button', { name: words.newPosts(count) }).waitFor()
      await measure()
    }
    // What was announced passes after some seconds, while the posts go on waiting.
    await page.locator('[data-announcement]').evaluate((announcement) => announcement.replaceChildren())
    await measure()
    assert.deepEqual([...heights].slice(1), [], 'the bar keeps its height, so that it moves nothing')
    assert.equal(await page.locator('.body :is(th, td)').count(), 16)
    await assertFits(page, 'the page')
    await page.goto(`${newsroom.page}/p/${id}`)
    await assertFits(page, "a post's own page")
  })
}

for (const language of ['de', 'ar']) {
  test(`no other page in ${language} scrolls sideways either`, async (t) => {
    const { newsroom, open, url, adminKey } = await openWide(t, language)
    const words = wordsFor(language)
    await newsroom.publish(wideIn(language, url))
    await newsroom.publishMany('Post', 31)
    const word = long[language] ?? ''
    const gone = await newsroom.publish({ headline: word })
    await newsroom.retract(gone, word)
    for (const status of ['scheduled', 'ended']) {
      await new Newsroom({ url, adminKey }, status).open({ language, title: word, summary: word, status })
    }
    const page = await open(newsroom.path, zone)
    await untilLive(page)
    await page.getByRole('link', { name: words.older }).click()
    await page.locator('article').nth(32).waitFor()
    await assertFits(page, 'the page with older posts')
    const older = await open(newsroom.path, { ...zone, javaScriptEnabled: false })
    await older.getByRole('link', { name: words.older }).click()
    await older.getByRole('link', { name: words.newest }).waitFor()
    await assertFits(older, 'older posts')
    for (const path of [`${newsroom.path}/p/${gone}`, '/', '/c/unknown', '/c/scheduled', '/c/ended']) {
      await page.goto(new URL(path, url).href)
      await assertFits(page, path)
    }
  })
}

test('a table and preformatted text that are wider than the page are scrolled by the keyboard', async (t) => {
  const { newsroom, open, url } = await openSite(t, browser, 'keyboard')
  await newsroom.publish({ ...wideIn('en', url), media: [] })
  const page = await open(newsroom.path, { viewport: { width: 390, height: 844 } })
  await untilLive(page)
  await newsroom.publish({ ...wideIn('en', url), headline: 'Live', media: [] })
  await page.getByRole('heading', { name: 'Live' }).waitFor()
  for (const article of await page.locator('article').all()) {
    for (const name of ['Table', 'Preformatted text']) {
      const box = article.getByRole('group', { name })
      await box.focus()
      assert.equal(await box.evaluate((element) => element.scrollLeft), 0)
      const scrolling = await box.evaluateHandle((element) => ({
        done: new Promise<boolean>((resolve) => {
          element.addEventListener('scroll', () => resolve(element.scrollLeft > 0), { once: true })
        }),
      }))
      await page.keyboard.press('ArrowRight')
      assert.ok(await scrolling.evaluate(({ done }) => done), name)
    }
  }
})
