import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { Newsroom } from '../../test/browser/newsroom.ts'
import { untilLive } from '../../test/browser/site.ts'
import { publishSample, type Sample } from './sample.ts'

/** The server that is asked, the browser, and where the pictures go. */
export interface Studio {
  readonly url: string
  readonly adminKey: string
  readonly browser: Browser
  readonly out: string
}

const devices = {
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 900 } },
} as const satisfies Record<string, BrowserContextOptions>

/** What happens to a page before its picture is taken. `newsroom` is that of its channel. */
interface State {
  readonly status: 'scheduled' | 'live' | 'ended'
  readonly happens?: (page: Page, newsroom: Newsroom, sample: Sample) => Promise<void>
  readonly colorScheme?: 'dark'
}

/** A new post goes in by itself only if its place is in view, as it is not below a pinned post that fills a phone. */
async function takeLatest(page: Page, newsroom: Newsroom, { latest }: Sample): Promise<void> {
  await untilLive(page)
  await newsroom.publish(latest)
  const heading = page.getByRole('heading', { name: latest.headline })
  const button = page.locator('[data-show-new]')
  await heading.or(button).filter({ visible: true }).waitFor()
  if (await button.isVisible()) await button.click()
  await heading.waitFor()
  await page.evaluate(() => window.scrollTo({ top: 0, behavior: 'instant' }))
  await page.locator('#posts:not(:has(> [style]))').waitFor()
}

const states: Readonly<Record<string, State>> = {
  live: { status: 'live', happens: takeLatest },
  dark: { status: 'live', happens: takeLatest, colorScheme: 'dark' },
  scheduled: { status: 'scheduled' },
  ended: { status: 'ended' },
  paused: {
    status: 'live',
    happens: async (page, newsroom, { latest }) => {
      await untilLive(page)
      await page.locator('[data-pause]').click()
      await newsroom.publish(latest)
      await page.locator('[data-bar][data-waiting]').waitFor()
    },
  },
  'hidden-then-shown': {
    status: 'live',
    happens: async (page, newsroom, { latest }) => {
      await untilLive(page)
      await showTab(page, false)
      await newsroom.publish(latest)
      await page.locator(':is([data-bar][data-waiting], article.breaking)').first().waitFor()
      await showTab(page, true)
    },
  },
  offline: {
    status: 'live',
    happens: async (page) => {
      await untilLive(page)
      await page.context().setOffline(true)
      await page.locator('[data-bar][data-state="offline"]').waitFor()
    },
  },
}

/** A browser without a screen shows all its tabs, so the page is told. */
async function showTab(page: Page, shown: boolean): Promise<void> {
  await page.evaluate((visible) => {
    Object.defineProperties(document, {
      visibilityState: { value: visible ? 'visible' : 'hidden', configurable: true },
      hidden: { value: !visible, configurable: true },
    })
    document.dispatchEvent(new Event('visibilitychange'))
  }, shown)
}

/** Every state of a coverage, on a phone and on a desktop, and the list of all coverage. */
export async function takeStates(studio: Studio, sample: Sample): Promise<void> {
  await mkdir(studio.out, { recursive: true })
  for (const [device, options] of Object.entries(devices)) {
    for (const [name, state] of Object.entries(states)) {
      const picture = `${sample.language}-${device}-${name}`
      const newsroom = await openCoverage(studio, sample, picture, state.status)
      const { language, timeZone } = sample
      const { colorScheme = 'light' } = state
      const context = await studio.browser.newContext({
        ...options,
        colorScheme,
        locale: language,
        timezoneId: timeZone,
      })
      const page = await context.newPage()
      await page.goto(newsroom.page)
      await page.locator('[data-bar]:not([hidden])').waitFor()
      await state.happens?.(page, newsroom, sample)
      await take(studio, page, picture)
      await context.close()
    }
  }
}

/** One reader page of a coverage, live. */
export async function takeReader(studio: Studio, sample: Sample, picture: string): Promise<Newsroom> {
  const newsroom = await openCoverage(studio, sample, 'harbour-fire', 'live')
  const context = await studio.browser.newContext({ ...devices.desktop, timezoneId: sample.timeZone })
  const page = await context.newPage()
  await page.goto(newsroom.page)
  await takeLatest(page, newsroom, sample)
  await take(studio, page, picture)
  await context.close()
  return newsroom
}

export async function take({ out }: Studio, page: Page, picture: string): Promise<void> {
  const path = join(out, `${picture}.png`)
  await page.screenshot({ path, animations: 'disabled' })
  console.log(path)
}

async function openCoverage(studio: Studio, sample: Sample, channel: string, status: string): Promise<Newsroom> {
  const { language, timeZone, title, summary } = sample
  const newsroom = new Newsroom(studio, channel)
  await newsroom.open({ language, timeZone, title, summary, status })
  if (status !== 'scheduled') await publishSample(newsroom, sample)
  return newsroom
}
