import assert from 'node:assert/strict'
import test from 'node:test'
import { launchChromium } from '../browser/chromium.ts'
import { startCoverage } from './calls.ts'

test('/docs shows every call and makes them, with no complaint of the browser about its policy', async (t) => {
  const { url } = await startCoverage(t)
  const browser = await launchChromium()
  t.after(() => browser.close())
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  const response = await page.goto(`${url}/docs`)
  assert.match(response?.headers()['content-security-policy'] ?? '', /^default-src 'none'; script-src 'self';/)
  const call = page.locator('.opblock', { hasText: 'List the channels' })
  await call.locator('.opblock-summary-control').click()
  await call.getByRole('button', { name: 'Try it out' }).click()
  await call.getByRole('button', { name: 'Execute' }).click()
  await call.locator('.live-responses-table', { hasText: '"harbour"' }).waitFor()
  assert.deepEqual(complaints, [])
})
