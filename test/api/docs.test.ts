import assert from 'node:assert/strict'
import test from 'node:test'
import { launchChromium } from '../browser/chromium.ts'
import { adminKey } from '../helpers/server.ts'
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

test('/docs fits a phone, and a form on it that is sent twice publishes twice', async (t) => {
  const { url } = await startCoverage(t)
  const browser = await launchChromium()
  t.after(() => browser.close())
  const page = await browser.newPage({ viewport: { width: 390, height: 800 }, isMobile: true, hasTouch: true })
  await page.goto(`${url}/docs`)
  assert.equal(await page.evaluate(() => document.documentElement.clientWidth), 390)

  await page.getByRole('button', { name: 'Authorize' }).first().click()
  await page.getByLabel('auth-bearer-value').fill(adminKey)
  await page.getByRole('button', { name: 'Apply credentials' }).click()
  await page.locator('.modal-ux').getByRole('button', { name: 'Close' }).first().click()
  const call = page.locator('.opblock-post', { hasText: 'Publish a post' })
  await call.locator('.opblock-summary-control').click()
  await call.getByRole('button', { name: 'Try it out' }).click()
  await call.locator('tr[data-param-name="channel"]').getByRole('textbox').fill('harbour')
  const key = call.locator('tr[data-param-name="Idempotency-Key"]')
  assert.equal(await key.getByRole('textbox').inputValue(), '')
  assert.match((await key.textContent()) ?? '', /For example 5f1c9a52/)
  for (const headline of ['The first', 'The second']) {
    const body = call.locator('.body-param__text')
    await body.fill(JSON.stringify({ headline }))
    const answered = page.waitForResponse((response) => response.request().method() === 'POST')
    await call.getByRole('button', { name: 'Execute' }).click()
    assert.equal((await answered).status(), 201)
  }
})

test('no optional parameter of /docs is filled in, and the document keeps its examples', async (t) => {
  const { url } = await startCoverage(t)
  const [shown, document] = await Promise.all(
    ['/docs/json', '/openapi.json'].map(async (path) => await (await fetch(url + path)).json()),
  )
  const withExamples = (all: { paths: Record<string, Record<string, { parameters?: Parameter[] }>> }) =>
    Object.values(all.paths)
      .flatMap((operations) => Object.values(operations))
      .flatMap(({ parameters = [] }) => parameters)
      .filter(({ required }) => required !== true)
      .filter((one) => [one, one.schema].some((part) => 'example' in part || 'examples' in part || '$ref' in part))
  assert.deepEqual(withExamples(shown), [])
  assert.ok(withExamples(document).some(({ name }) => name === 'Idempotency-Key'))
})

interface Parameter {
  readonly name: string
  readonly required?: boolean
  readonly schema: { readonly examples?: unknown }
}
