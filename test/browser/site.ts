import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { startServer } from '../helpers/server.ts'
import { Newsroom } from './newsroom.ts'

interface OpenOptions extends BrowserContextOptions {
  readonly expected?: RegExp
  readonly before?: string
}

/** A server, a newsroom that writes to one channel of it, and readers who open its pages. */
export interface Site {
  readonly url: string
  readonly adminKey: string
  readonly newsroom: Newsroom
  /**
   * Opens a page at a path, in a browser context of its own. `expected` fits the errors that a test brings about;
   * `before` is a script that runs before those of the page, to make the browser another one.
   */
  readonly open: (path: string, options?: OpenOptions) => Promise<Page>
}

/**
 * Starts a server and opens the channel. The consoles, errors and policy violations of all pages are watched: the test
 * fails at its end where there was one.
 */
export async function openSite(
  t: TestContext,
  browser: Browser,
  channel: string,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<Site> {
  const contexts: BrowserContext[] = []
  const problems: string[] = []
  // Before the server's own: pages whose server is gone would report that.
  t.after(async () => {
    for (const context of contexts) await context.close()
  })
  const { url, adminKey } = await startServer(t)
  // After the server's own: a hook that throws keeps later ones from running.
  t.after(() => assert.deepEqual(problems, [], 'the pages must have no errors and break no policy'))
  const newsroom = new Newsroom({ url, adminKey }, channel)
  await newsroom.open(fields)

  const open: Site['open'] = async (path, { expected, before, ...options } = {}) => {
    const context = await browser.newContext({ timezoneId: 'Europe/London', ...options })
    contexts.push(context)
    if (before !== undefined) await context.addInitScript(before)
    const page = await context.newPage()
    const report = (text: string) => {
      if (expected === undefined || !expected.test(text)) problems.push(text)
    }
    page.on('pageerror', (error) => report(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') report(message.text())
    })
    await page.goto(new URL(path, url).href)
    return page
  }
  return { url, adminKey, newsroom, open }
}

/** Waits until the page's own connection is live: what is published from then on comes by it. */
export async function untilLive(page: Page): Promise<void> {
  await page.locator('[data-bar][data-state="live"]').waitFor()
}
