import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { Newsroom } from './newsroom.ts'
import { openSite, untilLive } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** The page's policy lets no script of others in, so axe comes in by way of the debugger. */
async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8'))
  // The markup is the same in both; what the dark one changes is looked at by the rules on colours.
  for (const [colorScheme, run] of [
    ['light', 'axe.run()'],
    ['dark', "axe.run({ runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } })"],
  ] as const) {
    await page.emulateMedia({ colorScheme })
    const results = (await page.evaluate(run)) as AxeResults
    assert.ok(results.passes.some(({ id }) => id === 'color-contrast'))
    const violations = results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)
    assert.deepEqual(violations, [], `${page.url()}, ${colorScheme}`)
  }
}

const full = {
  headline: 'Everything at once',
  body: {
    markdown: `## A heading\n\nText with a [link](https://news.example/), a list:\n\n- one\n- two\n\n> A quote.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n    ${'preformatted '.repeat(30)}`,
  },
  authors: [{ name: 'R. Alder', role: 'Harbour correspondent', url: 'https://news.example/alder' }],
  sources: [{ name: 'Fire service', url: 'https://fire.example/' }],
  tags: ['rescue', 'harbour'],
  keyEvent: true,
  breaking: true,
  verification: 'unconfirmed',
  sensitivity: 'Describes a fire.',
  eventTime: '2026-03-01T21:00:00Z',
}

test('axe finds nothing wrong with the pages, light and dark', async (t) => {
  const { newsroom, open, url, adminKey } = await openSite(t, browser, 'coverage', { summary: 'What is known so far.' })
  const gone = await newsroom.publish({ headline: 'To be retracted' })
  await newsroom.retract(gone, 'Not so.')
  const id = await newsroom.publish(full)
  await newsroom.edit(id, { correction: { text: 'It said two boats.' } })
  await newsroom.publish({ body: { text: 'Only text.' } })
  await newsroom.pin(id)

  const reader = await open(newsroom.path)
  await untilLive(reader)
  await reader.getByRole('button', { name: 'Pause' }).click()
  await newsroom.publish({ headline: 'Waiting' })
  await reader.getByRole('button', { name: '1 new post' }).waitFor()
  await assertAccessible(reader)
  assert.equal(await reader.locator('[role="feed"] [aria-live], [role="feed"][aria-live]').count(), 0)

  for (const language of ['ar', 'he']) {
    const other = new Newsroom({ url, adminKey }, language)
    await other.open({ language })
    await other.publish(full)
    const page = await open(other.path, { timezoneId: 'Asia/Tokyo' })
    await untilLive(page)
    await assertAccessible(page)
  }
  for (const path of ['/', `${newsroom.path}/p/${id}`, `${newsroom.path}/p/${gone}`, '/c/unknown', '/ops']) {
    await assertAccessible(await open(path, { expected: /status of 4(04|10)/ }))
  }
  const ops = await open('/ops')
  await ops.getByLabel(/^Key with the scope/).fill(adminKey)
  await ops.getByRole('button', { name: 'Show' }).click()
  await ops.getByRole('row', { name: newsroom.channel }).waitFor()
  await assertAccessible(ops)
})
