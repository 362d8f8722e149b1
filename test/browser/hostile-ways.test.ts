import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { waitMsMax } from '../../scripts/setup/test-limits.js'
import { type HostileProxy, openHostileProxy, type Treatment } from '../client/hostile-proxy.ts'
import { quick } from '../client/watched.ts'
import { launchChromium } from './chromium.ts'
import { openSite, type Site, untilLive } from './site.ts'

const sockets = '/socket.io/'
const large = { headline: 'Large', body: { text: 'Crews worked through the night on the quay. '.repeat(60) } }
/** What Chromium reports of connections that are cut, and of pages without an icon. */
const lost = /WebSocket connection|ERR_|404/
const noStorage = `
  Object.defineProperty(window, 'localStorage', {
    get() { throw new DOMException('The operation is insecure.', 'SecurityError') },
  })`

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

async function behindProxy(t: TestContext, treatment: Treatment): Promise<{ site: Site; proxy: HostileProxy }> {
  const site = await openSite(t, browser, 'ways')
  const proxy = await openHostileProxy(t, site.url)
  proxy.treat((path) => (path.startsWith(sockets) ? treatment : 'pass'))
  return { site, proxy }
}

/** By what the channel was followed since, in order. */
function asked(proxy: HostileProxy, since = 0): string[] {
  return proxy.asked.slice(since).filter((path) => path.startsWith(sockets) || path.startsWith('/v1/channels/ways/'))
}

async function shown(page: Page, site: Site, headline: string): Promise<void> {
  await site.newsroom.publish({ ...large, headline })
  await page.getByRole('heading', { name: headline }).waitFor()
}

/** A page on the site's origin that only follows, with nothing that a slow machine would change. */
async function follower(page: Page, proxy: HostileProxy): Promise<void> {
  await page.goto(`${proxy.url}/v1/channels/ways`)
  const script = `
    import { follow } from './index.ts'
    const timing = ${JSON.stringify({ ...quick, climbMs: waitMsMax, climbCapMs: waitMsMax })}
    const feed = follow(location.origin, 'ways', {
      timing,
      onState: (state) => (document.title = state),
      onBatch: () => (window.headlines = feed.posts.map(({ headline }) => headline)),
    })`
  const bundle = await build({
    stdin: { contents: script, resolveDir: join(import.meta.dirname, '../../src/client'), loader: 'ts' },
    bundle: true,
    format: 'iife',
    write: false,
  })
  await page.evaluate(bundle.outputFiles[0]?.text ?? '')
  await page.waitForFunction(() => document.title === 'live')
}

async function brought(page: Page, site: Site, headline: string): Promise<void> {
  await site.newsroom.publish({ ...large, headline })
  await page.waitForFunction(`window.headlines?.[0] === '${headline}'`)
}

test('a page whose websocket is cut at the first compressed frame comes back without, and a reload begins so', async (t) => {
  const { site, proxy } = await behindProxy(t, 'cut-compressed')
  const page = await site.open('/health/live', { expected: lost, bypassCSP: true })
  await follower(page, proxy)
  await brought(page, site, 'First')
  await brought(page, site, 'Second')
  const without = () => asked(proxy).map((path) => path.includes('compress=off'))
  assert.deepEqual(without(), [false, true])
  await follower(page, proxy)
  await brought(page, site, 'Third')
  assert.deepEqual(without(), [false, true, true])
})

test('a page whose websocket hangs is live by another transport, with which a reload begins', async (t) => {
  const { site, proxy } = await behindProxy(t, 'hang')
  const page = await site.open(`${proxy.url}${site.newsroom.path}`, { expected: lost })
  await untilLive(page)
  await shown(page, site, 'First')
  assert.ok(asked(proxy)[0]?.startsWith(sockets))
  await page.reload()
  await untilLive(page)
  await shown(page, site, 'Second')
  const [next = ''] = asked(proxy, proxy.asked.lastIndexOf(site.newsroom.path))
  assert.match(next, /^\/v1\/channels\/ways\/(stream|changes)/)
})

test('a page that may not use its storage is live as well, at each load', async (t) => {
  const { site, proxy } = await behindProxy(t, 'hang')
  const page = await site.open(`${proxy.url}${site.newsroom.path}`, { expected: lost, before: noStorage })
  await untilLive(page)
  await shown(page, site, 'First')
  await page.reload()
  await untilLive(page)
  await shown(page, site, 'Second')
})
