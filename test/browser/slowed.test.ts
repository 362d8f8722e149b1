import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { until } from '../faults/until.ts'
import { startServer } from '../helpers/server.ts'
import { launchChromium } from './chromium.ts'
import { Newsroom } from './newsroom.ts'
import { untilLive } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** Announcements pass, perhaps before a busy machine comes to look at them. */
const noteAnnouncements = `
window.announced = ''
new MutationObserver(() => {
  const text = document.querySelector('[data-announcement]')?.textContent ?? ''
  if (!window.announced.endsWith(text)) window.announced += ' ' + text
}).observe(document, { childList: true, characterData: true, subtree: true })`

test('a page that the server refuses for asking too often says that posts come more slowly, and no more than that', {
  timeout,
}, async (t) => {
  const server = await startServer(t, {
    RATE_LIMIT: 'on',
    CONNECTIONS_PER_ADDRESS_MAX: '1',
    READS_PER_MINUTE: '40',
  })
  const newsroom = new Newsroom(server, 'school')
  await newsroom.open()
  await newsroom.publishMany('Post', 35)
  const holding = new AbortController()
  t.after(() => holding.abort())
  assert.equal((await fetch(`${server.url}/v1/channels/school/stream`, { signal: holding.signal })).status, 200)
  const context = await browser.newContext()
  t.after(() => context.close())
  const page = await context.newPage()
  await page.addInitScript(noteAnnouncements)
  await page.goto(`${server.url}${newsroom.path}`)
  await untilLive(page)
  // Others behind the same address take all that it may ask. In a new minute they take it again.
  const others = setInterval(() => {
    fetch(`${server.url}/v1/channels`).catch(() => undefined)
  }, 20)
  t.after(() => clearInterval(others))
  const bar = page.locator('[data-bar]')
  const announced = (text: string) =>
    until(text, async () => (await page.evaluate<string>('window.announced')).includes(text))
  await announced('new posts come more slowly')
  await bar.getByText('Slower updates').waitFor()
  assert.equal(await bar.getAttribute('data-state'), 'live')
  await page.getByRole('link', { name: 'Older posts' }).click()
  await announced('Try older posts again in a minute')
})
