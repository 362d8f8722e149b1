/** Pages of coverage that has not started or has ended: they hold no connection, say so, and are corrected all the same. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { launchChromium } from './chromium.ts'
import { openSite, type Site, untilLive } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** As when a reader comes back to the tab. */
async function showAgain(page: Page): Promise<void> {
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
}

async function setStatus({ url, adminKey, newsroom }: Site, status: string): Promise<void> {
  const answer = await fetch(`${url}/v1/channels/${newsroom.channel}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ status }),
  })
  assert.equal(answer.status, 200)
}

const says = { scheduled: 'Coverage has not started yet', ended: 'Coverage has ended' } as const

for (const status of ['scheduled', 'ended'] as const) {
  test(`a page of ${status} coverage opens no connection, is corrected, and goes live`, { timeout }, async (t) => {
    const site = await openSite(t, browser, 'quiet', { status })
    const { newsroom } = site
    const id = await newsroom.publish({ headline: 'To be taken back' })
    const page = await site.open('/health/live', { expected: /404/ })
    const opened: string[] = []
    page.on('websocket', (socket) => opened.push(socket.url()))
    page.on('request', (request) => {
      if (request.url().includes('/stream')) opened.push(request.url())
    })
    const polled = () => page.waitForResponse((answer) => answer.url().includes('/changes'))
    const first = polled()
    await page.goto(newsroom.page)
    await first
    const bar = page.locator(`[data-bar][data-state="${status}"]`)
    await bar.waitFor()
    assert.equal(await page.locator('[data-connection]').textContent(), says[status])
    assert.equal(await page.locator('[data-pause]').isVisible(), false)

    await newsroom.retract(id, 'There was no fire.')
    await showAgain(page)
    await page.getByText('There was no fire.').waitFor()
    assert.doesNotMatch(await page.content(), /To be taken back/)
    assert.ok(await bar.isVisible())
    assert.deepEqual(opened, [])

    await setStatus(site, 'live')
    await showAgain(page)
    await untilLive(page)
    assert.ok(await page.locator('[data-pause]').isVisible())
    assert.notDeepEqual(opened, [])
    await newsroom.publish({ headline: 'A boat is seen' })
    await page.getByRole('heading', { name: 'A boat is seen' }).waitFor()
  })
}

test('a page whose coverage ends while it is open says so, and what was paused can be resumed', {
  timeout,
}, async (t) => {
  const site = await openSite(t, browser, 'ending')
  const page = await site.open(site.newsroom.path)
  await untilLive(page)
  const pause = page.locator('[data-pause]')
  await pause.click()
  await setStatus(site, 'ended')
  await page.locator('[data-bar][data-state="ended"]').waitFor()
  assert.equal(await page.locator('[data-connection]').textContent(), says.ended)
  await pause.click()
  await pause.waitFor({ state: 'hidden' })
})
