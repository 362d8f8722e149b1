/** Takes the README's pictures of the real pages, into `docs/`, from a server of its own with a sample coverage. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Page } from 'playwright-core'
import { openWirecopy, type Wirecopy } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { launchChromium } from '../test/browser/chromium.ts'
import { Newsroom } from '../test/browser/newsroom.ts'
import { untilLive } from '../test/browser/site.ts'

const docs = join(import.meta.dirname, '../docs')
const viewport = { width: 1280, height: 900 }

/** The post that comes while the page is open. */
const latest = {
  headline: 'The wind turns: residents of Harbour Hill may go home',
  body: {
    markdown:
      'The smoke now drifts **out to sea**. Those who live above the church may go back from ten; Mill Lane and Quay Street stay closed until the walls have been looked at by daylight.',
  },
  authors: [{ name: 'Harbour desk' }],
  tags: ['residents', 'roads'],
  breaking: true,
  keyEvent: true,
} as const

const folder = await mkdtemp(join(tmpdir(), 'wirecopy-screenshot-'))
try {
  const config = readConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: folder,
    NODE_NAME: 'press-1',
    LOG_LEVEL: 'error',
  })
  const wirecopy = await openWirecopy(config, pino({ level: config.LOG_LEVEL }))
  try {
    await takePictures(wirecopy)
  } finally {
    await wirecopy.close()
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function takePictures({ url, adminKey }: Wirecopy): Promise<void> {
  const newsroom = new Newsroom({ url, adminKey }, 'harbour-fire')
  await newsroom.open({
    title: 'Fire at the old harbour: crews work through the night to save the grain quay',
    summary:
      'Three streets have been cleared and ferries stay in port. Everyone who was on shift has been accounted for.',
  })
  await publishCoverage(newsroom)
  await mkdir(docs, { recursive: true })
  const browser = await launchChromium()
  try {
    const context = await browser.newContext({ viewport, deviceScaleFactor: 1, timezoneId: 'Europe/London' })
    const reader = await context.newPage()
    await reader.goto(newsroom.page)
    await untilLive(reader)
    await newsroom.publish(latest)
    await reader.getByRole('heading', { name: latest.headline }).waitFor()
    await take(reader, 'reader.png')

    const ops = await context.newPage()
    await ops.setViewportSize({ width: viewport.width, height: 640 })
    await ops.goto(`${url}/ops`)
    await ops.getByLabel(/^Key with the scope/).fill(adminKey)
    await ops.getByRole('button', { name: 'Show' }).click()
    await ops.getByRole('row', { name: newsroom.channel }).waitFor()
    await take(ops, 'ops.png')
  } finally {
    await browser.close()
  }
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(docs, name), animations: 'disabled' })
  console.log(`docs/${name}`)
}

async function publishCoverage(newsroom: Newsroom): Promise<void> {
  const known = await newsroom.publish({
    headline: 'What we know so far',
    body: {
      markdown: `- The fire began in the east hall of the grain warehouse at about 20:45.
- Mill Lane, Quay Street and the foot of Harbour Hill are closed.
- The silos stand, and the wind has turned away from the town.`,
    },
    keyEvent: true,
  })
  await newsroom.pin(known)
  const rumour = await newsroom.publish({ headline: 'A second fire is reported', verification: 'unconfirmed' })
  await newsroom.retract(rumour, 'The report of a second fire could not be confirmed.')
  const boats = await newsroom.publish({
    headline: 'Two fire boats reach the quay',
    body: {
      markdown:
        'They pump from the basin side, where the engines can not go.\n\n> The roof is gone, but the silos stand.',
    },
    sources: [{ name: 'Fire service', url: 'https://fire.example/statements' }, { name: 'Harbour office' }],
    verification: 'confirmed',
  })
  await newsroom.edit(boats, {
    correction: { text: 'An earlier version of this post said that three boats had come.' },
  })
}
