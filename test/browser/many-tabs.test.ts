/** Over HTTP/1.1 a browser opens six connections to a site, for all its tabs: streams must leave some to the documents. */
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { streamsMax } from '../../src/client/stream-permits.ts'
import { type Gate, openGate } from '../client/gate.ts'
import { until } from '../faults/until.ts'
import { metric } from '../helpers/metric.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { launchChromium } from './chromium.ts'
import { Newsroom } from './newsroom.ts'
import { untilLive } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

interface Stage {
  readonly server: TestServer
  readonly newsroom: Newsroom
  readonly gate: Gate
  readonly context: BrowserContext
  readonly open: () => Promise<Page>
}

/** One browser, in which sockets do not pass. */
async function openStage(t: TestContext): Promise<Stage> {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'tabs')
  await newsroom.open()
  const gate = await openGate(t, server.url)
  gate.refuse('/socket.io/')
  const context = await browser.newContext()
  t.after(() => context.close())
  const open = async () => {
    const page = await context.newPage()
    await page.goto(`${gate.url}${newsroom.path}`)
    return page
  }
  return { server, newsroom, gate, context, open }
}

function streamsOpen(server: TestServer): Promise<number> {
  return metric(server, 'wirecopy_connections{transport="sse"}')
}

test('seven tabs without sockets all load and go live, by two streams, and a tab that leaves makes way', {
  timeout,
}, async (t) => {
  const { server, newsroom, open } = await openStage(t)
  const pages: Page[] = []
  for (let tab = 1; tab <= 7; tab++) {
    const page = await open()
    await untilLive(page)
    pages.push(page)
  }
  assert.equal(await streamsOpen(server), streamsMax)
  await newsroom.publish({ headline: 'For all tabs' })
  for (const page of pages) await page.getByRole('heading', { name: 'For all tabs' }).waitFor()

  for (const page of pages.splice(0, streamsMax)) await page.close()
  await newsroom.publish({ headline: 'For those who stay' })
  for (const page of pages) await page.getByRole('heading', { name: 'For those who stay' }).waitFor()
  await until('the streams of two others', async () => (await streamsOpen(server)) === streamsMax)
})

const hideable = `let hidden = false
Object.defineProperty(document, 'visibilityState', { get: () => (hidden ? 'hidden' : 'visible') })
window.hide = (now) => {
  hidden = now
  document.dispatchEvent(new Event('visibilitychange'))
}`

for (const [what, script] of [
  ['', hideable],
  [' without locks', `${hideable}\ndelete Navigator.prototype.locks`],
] as const) {
  test(`in a browser${what}, a tab that is hidden lets go of its stream, and catches up when it is shown`, {
    timeout,
  }, async (t) => {
    const { server, newsroom, gate, context, open } = await openStage(t)
    await context.addInitScript(script)
    const page = await open()
    await untilLive(page)
    await until('the stream', async () => (await streamsOpen(server)) === 1)
    await page.evaluate('window.hide(true)')
    await until('no stream', async () => (await streamsOpen(server)) === 0)
    await until('a poll', async () => gate.asked.some((path) => path.startsWith('/v1/channels/tabs/changes')))
    await newsroom.publish({ headline: 'While nobody looked' })
    await page.evaluate('window.hide(false)')
    await page.getByRole('heading', { name: 'While nobody looked' }).waitFor()
    await until('the stream again', async () => (await streamsOpen(server)) === 1)
    await newsroom.publish({ headline: 'And on' })
    await page.getByRole('heading', { name: 'And on' }).waitFor()
    assert.equal(await page.locator('[data-bar]').getAttribute('data-state'), 'live')
  })
}
