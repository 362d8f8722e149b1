/** A browser from which every API is gone that one of the oldest browsers lacks: the page goes live, and on. */
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { Compat, oldestByMdnNames, readCompatData } from '../../scripts/checks/compat.ts'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { oldestBrowsers } from '../../src/pages/oldest-browsers.ts'
import { type Gate, openGate } from '../client/gate.ts'
import { adminKey, startServer } from '../helpers/server.ts'
import { launchChromium } from './chromium.ts'
import { Newsroom } from './newsroom.ts'
import { untilLive } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

const lacking = [...new Compat(readCompatData(), oldestByMdnNames(oldestBrowsers)).lackingApis()]

/** Runs before the page's own scripts. Engines do not need what is deleted: only scripts see it gone. */
const makeOld = `for (const { path, name } of ${JSON.stringify(lacking)}) {
  let owner = globalThis
  for (const part of path) owner = owner?.[part]
  try { if (owner !== undefined && owner !== null) delete owner[name] } catch {}
}
console.info('old', typeof AbortSignal.any, typeof structuredClone, typeof [].at, typeof navigator.locks)`

interface Site {
  readonly newsroom: Newsroom
  readonly gate: Gate
  readonly open: (path: string) => Promise<Page>
}

async function openOldSite(t: TestContext): Promise<Site> {
  const problems: string[] = []
  const context = await browser.newContext()
  t.after(() => context.close())
  await context.addInitScript(makeOld)
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'old')
  await newsroom.open()
  const gate = await openGate(t, server.url)
  t.after(() => assert.deepEqual(problems, []))
  const open = async (path: string) => {
    const page = await context.newPage()
    page.on('pageerror', (error) => problems.push(String(error)))
    const made = page.waitForEvent('console', (message) => message.text().startsWith('old '))
    await page.goto(gate.url + path)
    assert.equal((await made).text(), 'old undefined undefined undefined undefined')
    return page
  }
  return { newsroom, gate, open }
}

const streams = '/v1/channels/old/stream'
const ways: readonly (readonly [way: string, refused: readonly string[], asked: string])[] = [
  ['a socket', [], '/socket.io/'],
  ['an event stream', ['/socket.io/'], streams],
  ['polling', ['/socket.io/', streams], '/v1/channels/old/changes'],
]

for (const [way, refused, asked] of ways) {
  test(`a page goes live by ${way} in the oldest browsers, and loads older posts`, { timeout }, async (t) => {
    const { newsroom, gate, open } = await openOldSite(t)
    gate.refuse(...refused)
    await newsroom.publishMany('Post', 40)
    const page = await open(newsroom.path)
    await untilLive(page)
    assert.ok(gate.asked.some((path) => path.startsWith(asked)))
    const id = await newsroom.publish({ headline: 'Live', body: { text: 'secret' } })
    await page.getByRole('heading', { name: 'Live' }).waitFor()
    await page.getByRole('link', { name: 'Older posts' }).click()
    await page.getByRole('heading', { name: 'Post 1', exact: true }).waitFor()
    assert.equal(await page.locator('article').count(), 41)
    await newsroom.retract(id, 'Taken back.')
    await page.getByText('Taken back.').waitFor()
    assert.doesNotMatch(await page.content(), /secret/)
  })
}

test("a post's own page takes its edit in the oldest browsers", { timeout }, async (t) => {
  const { newsroom, open } = await openOldSite(t)
  const id = await newsroom.publish({ headline: 'First' })
  const page = await open(`${newsroom.path}/p/${id}`)
  await newsroom.edit(id, { headline: 'Second' })
  await page.getByRole('heading', { level: 1, name: 'Second' }).waitFor()
})

test('the operations page shows its figures in the oldest browsers, where nothing may be stored and no worker runs', {
  timeout,
}, async (t) => {
  const { open } = await openOldSite(t)
  const page = await open('/health/live')
  await page.addInitScript(() => {
    Object.defineProperty(window, 'sessionStorage', {
      get: () => {
        throw new DOMException('The request was denied.', 'SecurityError')
      },
    })
    Object.defineProperty(window, 'Worker', {
      value: () => {
        throw new DOMException('The request was denied.', 'SecurityError')
      },
    })
  })
  await page.goto(new URL('/ops', page.url()).href)
  await page.getByLabel(/^Key with the scope/).fill(adminKey)
  await page.getByRole('button', { name: 'Show' }).click()
  await page
    .getByText(/Readers are being reached/)
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'Forget the key' }).click()
  await page.getByLabel(/^Key with the scope/).waitFor()
})

test('a page without TLS, where browsers have fewer APIs, goes live by a stream and loads older posts', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'plain')
  await newsroom.open()
  await newsroom.publishMany('Post', 40)
  const gate = await openGate(t, server.url)
  gate.refuse('/socket.io/')
  // Loopback counts as safe, and so the site needs a name of its own.
  const elsewhere = await launchChromium('--host-resolver-rules=MAP press.test 127.0.0.1')
  t.after(() => elsewhere.close())
  const page = await elsewhere.newPage()
  await page.goto(`${gate.url.replace('127.0.0.1', 'press.test')}${newsroom.path}`)
  assert.deepEqual(await page.evaluate('[isSecureContext, typeof navigator.locks]'), [false, 'undefined'])
  await untilLive(page)
  await newsroom.publish({ headline: 'Live' })
  await page.getByRole('heading', { name: 'Live' }).waitFor()
  assert.ok(gate.asked.some((path) => path.startsWith('/v1/channels/plain/stream')))
  await page.getByRole('link', { name: 'Older posts' }).click()
  await page.getByRole('heading', { name: 'Post 1', exact: true }).waitFor()
})
