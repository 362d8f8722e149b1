/** Takes pictures of the real pages, from a server of its own with a sample coverage. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { openWirecopy } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { launchChromium } from '../test/browser/chromium.ts'
import { arabic } from './screenshot/arabic.ts'
import { english } from './screenshot/english.ts'
import { german } from './screenshot/german.ts'
import { type Studio, take, takeReader, takeStates } from './screenshot/pictures.ts'
import { ukrainian } from './screenshot/ukrainian.ts'

const usage = `Usage: npm run screenshot [-- --all] [-- --out FOLDER]

Takes the README's pictures, into docs/.

  --all          takes the reader page in every state, on a phone and on a desktop, in four languages, into dist/pictures/
  --out FOLDER   puts the pictures there`

const { values } = parseArgs({
  options: { all: { type: 'boolean' }, out: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})
if (values.help === true) console.log(usage)
else await withStudio(values.all === true ? takeAll : takeForReadme)

async function takeAll(studio: Studio): Promise<void> {
  for (const sample of [english, arabic, ukrainian, german]) await takeStates(studio, sample)
  const context = await studio.browser.newContext({ viewport: { width: 390, height: 844 } })
  const list = await context.newPage()
  await list.goto(studio.url)
  await take(studio, list, 'channels')
  await context.close()
}

async function takeForReadme(studio: Studio): Promise<void> {
  const { url, adminKey, browser } = studio
  const newsroom = await takeReader(studio, english, 'reader')
  const context = await browser.newContext({ viewport: { width: 1280, height: 640 } })
  const ops = await context.newPage()
  await ops.goto(`${url}/ops`)
  await ops.getByLabel(/^Key with the scope/).fill(adminKey)
  await ops.getByRole('button', { name: 'Show' }).click()
  await ops.getByRole('row', { name: newsroom.channel }).waitFor()
  await take(studio, ops, 'ops')
  await context.close()
}

/** Opens a server and a browser, and closes both. */
async function withStudio(work: (studio: Studio) => Promise<void>): Promise<void> {
  const root = join(import.meta.dirname, '..')
  const out = values.out ?? join(root, values.all === true ? 'dist/pictures' : 'docs')
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
      const browser = await launchChromium()
      try {
        await work({ url: wirecopy.url, adminKey: wirecopy.adminKey, browser, out })
      } finally {
        await browser.close()
      }
    } finally {
      await wirecopy.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
