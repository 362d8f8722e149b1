import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { testMsMax as timeout, waitMsMax } from '../../scripts/setup/test-limits.js'
import { launchChromium } from '../browser/chromium.ts'
import { Newsroom } from '../browser/newsroom.ts'
import { startServer } from '../helpers/server.ts'
import { openGate } from './gate.ts'

/** Follows in the page; what the feed tells stands in the page's title, which a test can wait for. */
const script = `
import { follow } from './index.ts'
const states = []
const show = () => {
  document.title = [feed.state, feed.posts.length, feed.transport, states.join(' ')].join('|')
}
const feed = follow(location.origin, 'harbour', {
  timing: { openTimeoutMs: ${waitMsMax}, answerTimeoutMs: ${waitMsMax}, besideMs: ${waitMsMax}, retryBaseMs: 20, retryCapMs: 60_000, climbMs: 60_000 },
  onState: (state) => (states.push(state), show()),
  onBatch: () => show(),
})
window.feed = feed
`

async function openPage(t: TestContext, url: string): Promise<Page> {
  const bundle = await build({
    stdin: { contents: script, resolveDir: join(import.meta.dirname, '../../src/client'), loader: 'ts' },
    bundle: true,
    format: 'iife',
    write: false,
  })
  const browser = await launchChromium()
  t.after(() => browser.close())
  const page = await browser.newPage()
  // Any page of the server's will do: it is its origin that counts.
  await page.goto(`${url}/health/live`)
  await page.evaluate(bundle.outputFiles[0]?.text ?? '')
  return page
}

async function titled(page: Page, pattern: RegExp): Promise<void> {
  await page.waitForFunction((source) => new RegExp(source).test(document.title), pattern.source)
}

test('in a browser, a page that loses its network says so, and is whole when it is back', { timeout }, async (t) => {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  const page = await openPage(t, server.url)
  await titled(page, /^live\|0\|socket/)
  await page.context().setOffline(true)
  await titled(page, /^offline\|0\|\|/)
  await newsroom.publish({ headline: 'While the train was in the tunnel' })
  await page.context().setOffline(false)
  // Which transport is at hand when the network is back depends on the try that was under way.
  await titled(page, /^live\|1\|/)
})

test('in a browser, a page that is shown again checks its cursor at once', { timeout }, async (t) => {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  const gate = await openGate(t, server.url)
  const page = await openPage(t, gate.url)
  await titled(page, /^live\|0\|socket/)
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await titled(page, /live behind live$/)
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
  await titled(page, /live behind live behind live$/)
  assert.equal(gate.asked.filter((path) => path.startsWith('/socket.io')).length, 1)
})
