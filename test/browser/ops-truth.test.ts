import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { Redis } from 'ioredis'
import type { Browser, Page } from 'playwright-core'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { type ServerProcess, startNode, startRedis } from '../deploy/cluster.ts'
import { adminKey } from '../helpers/server.ts'
import { launchChromium } from './chromium.ts'
import { Newsroom } from './newsroom.ts'

const channel = 'watched'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** Followers of a node, by event streams, until they are let go or it ends. */
async function follow(t: TestContext, { url }: ServerProcess, count: number): Promise<void> {
  const stop = new AbortController()
  t.after(() => stop.abort())
  const streams = Array.from({ length: count }, async () => {
    const answer = await fetch(`${url}/v1/channels/${channel}/stream`, { signal: stop.signal })
    assert.equal(answer.status, 200)
    answer.body?.pipeTo(new WritableStream()).catch(() => undefined)
  })
  await Promise.all(streams)
}

interface Stage {
  readonly a: ServerProcess
  readonly b: ServerProcess
  readonly redisUrl: string
  readonly redisPid: number
  readonly page: Page
}

/** Two nodes of 30 readers each, and the operations page of the first, in the foreground or in the background. */
async function openStage(t: TestContext, { hidden = false } = {}): Promise<Stage> {
  const redisUrl = await startRedis(t)
  const redis = new Redis({ path: new URL(redisUrl).pathname })
  const redisPid = Number(/^process_id:(\d+)/m.exec(await redis.info('server'))?.[1])
  redis.disconnect()
  const [a, b] = await Promise.all(['press-1', 'press-2'].map((name) => startNode(t, name, redisUrl)))
  assert.ok(a !== undefined && b !== undefined)
  await new Newsroom({ url: a.url, adminKey }, channel).open()
  await Promise.all([follow(t, a, 30), follow(t, b, 30)])

  const context = await browser.newContext({ viewport: { width: 1_280, height: 760 } })
  const faults: string[] = []
  t.after(async () => {
    await context.close()
    assert.deepEqual(faults, [])
  })
  if (hidden) {
    await context.addInitScript(() => {
      Object.defineProperty(document, 'hidden', { get: () => true })
      Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })
    })
  }
  const page = await context.newPage()
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) faults.push(message.text())
  })
  await page.goto(`${a.url}/ops`)
  await page.getByLabel(/^Key with the scope/).fill(adminKey)
  await page.getByRole('button', { name: 'Show' }).click()
  await says(page, 'yes', 'Readers are being reached: 2 of 2 processes ready')
  await page.locator('dt:text-is("Followers") + dd:text-is("60")').waitFor()
  return { a, b, redisUrl, redisPid, page }
}

const titles = { yes: /^Reached/, partly: /^\(!\)/, no: /^\(!!\)/, 'not-known': /^\(\?\)/ } as const

/** Waits until the page says so: by its sentence, by its title, and by an icon that no other verdict has. */
async function says(page: Page, level: keyof typeof titles, text: string | RegExp): Promise<void> {
  await page.locator(`[data-verdict][data-level="${level}"]`).filter({ hasText: text }).waitFor()
  assert.match(await page.title(), titles[level])
  assert.match((await page.locator('link[rel="icon"]').getAttribute('href')) ?? '', /^data:image\/svg\+xml,/)
}

/** What a reader of the screen is told, from now on. */
async function levelsFromNow(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const line = document.querySelector('[data-verdict]')
    const levels: string[] = []
    Object.assign(window, { levels })
    if (line === null) return
    new MutationObserver(() => levels.push(line.getAttribute('data-level') ?? '')).observe(line, { attributes: true })
  })
  return () => page.evaluate(() => (window as unknown as { levels: string[] }).levels)
}

test('a node that is killed is lost, with its readers, in a tab in the background, too, until they are back', {
  timeout,
}, async (t) => {
  const { a, b, redisUrl, page } = await openStage(t, { hidden: true })
  b.process.kill('SIGKILL')
  await says(page, 'partly', /Readers may not be reached: 1 of 2 processes lost \d+ s ago, 30 readers were on it/)
  const row = page.getByRole('row', { name: 'press-2' })
  await row.getByText('Lost', { exact: true }).waitFor()
  assert.equal(await row.getByRole('cell').nth(2).textContent(), '30')
  await page.getByText(/followers fell suddenly \d+ s ago, from 60 to 30/).waitFor()

  const levels = await levelsFromNow(page)
  await startNode(t, 'press-2', redisUrl)
  // The process is back, and its readers are not.
  await says(
    page,
    'partly',
    /2 of 2 processes ready; followers fell suddenly.*1 process was lost .* and is back, 30 readers/,
  )
  assert.deepEqual(
    (await levels()).filter((level) => level !== 'partly'),
    [],
  )
  await follow(t, a, 30)
  await says(page, 'yes', /2 of 2 processes ready; 1 process was lost .* ago and is back, 30 readers were on it/)
})

test('the page is not green on a node that hangs, a Redis that hangs, or a server that does not answer', {
  timeout,
}, async (t) => {
  const { a, b, redisPid, page } = await openStage(t)
  b.process.kill('SIGSTOP')
  await says(page, 'partly', /1 of 2 processes lost \d+ s ago, 30 readers were on it/)
  b.process.kill('SIGCONT')
  await says(page, 'yes', '2 of 2 processes ready')

  process.kill(redisPid, 'SIGSTOP')
  await says(page, 'no', 'the server answers, but its Redis does not')
  const answer = await fetch(`${a.url}/v1/ops/nodes`, { headers: { authorization: `Bearer ${adminKey}` } })
  assert.equal(answer.status, 503)
  await page.locator('dt:text-is("Followers") + dd .unknown').waitFor()
  process.kill(redisPid, 'SIGCONT')
  await says(page, 'yes', '2 of 2 processes ready')

  a.process.kill('SIGSTOP')
  await says(page, 'not-known', /the newest figures are \d+ s old|the server has not answered for \d+ s/)
  await page.locator('dt:text-is("Followers") + dd .unknown').waitFor()
  assert.doesNotMatch((await page.locator('[data-tables]').textContent()) ?? '', /60|Ready/)
  a.process.kill('SIGCONT')
  await says(page, 'yes', '2 of 2 processes ready')

  a.process.kill('SIGKILL')
  await says(page, 'not-known', /the server has not answered for \d+ s/)
})
