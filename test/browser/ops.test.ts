import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { openSite, untilLive } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

test('the operations page asks for a key once and shows the connection of a reader', async (t) => {
  const { newsroom, open, adminKey } = await openSite(t, browser, 'watched')
  const reader = await open(newsroom.path)
  await untilLive(reader)

  const page = await open('/ops', { expected: /401/ })
  await page.getByLabel(/^Key with the scope/).fill('no such key at all')
  await page.getByRole('button', { name: 'Show' }).click()
  await page.getByRole('alert').getByText('not known').waitFor()
  await page.getByLabel(/^Key with the scope/).fill(adminKey)
  await page.getByRole('button', { name: 'Show' }).click()

  await page.getByRole('status').getByText('Readers are being reached: 1 of 1 process ready').waitFor()
  const row = page.getByRole('row', { name: 'watched' })
  // Followers, behind, websocket: the policy of the pages lets the websocket through.
  for (const [column, count] of ['1', '0', '1'].entries()) {
    await row.getByRole('cell').nth(column).getByText(count, { exact: true }).waitFor()
  }
  assert.match((await page.locator('[data-age]').textContent()) ?? '', /^Figures are \d+ s old/)
  await page.reload()
  await page.getByRole('status').getByText('Readers are being reached').waitFor()

  await reader.close()
  await row.waitFor({ state: 'detached' })
})
