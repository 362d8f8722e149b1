import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { openGate } from '../client/gate.ts'
import { startServer, tempFolder } from '../helpers/server.ts'
import { launchChromium } from './chromium.ts'
import { Newsroom } from './newsroom.ts'
import { untilLive } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

test('a page takes a retraction from a log that lost its end, though its version was used before', async (t) => {
  const DATA_DIR = await tempFolder()
  const first = await startServer(t, { DATA_DIR })
  const newsroom = new Newsroom(first, 'lost-end')
  await newsroom.open()
  const id = await newsroom.publish({ headline: 'First words' })
  await first.close()
  const copy = join(await tempFolder(), 'data')
  await cp(DATA_DIR, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })

  const second = await startServer(t, { DATA_DIR })
  const gate = await openGate(t, second.url)
  const page = await browser.newPage()
  t.after(() => page.close())
  await page.goto(`${gate.url}${newsroom.path}`)
  await untilLive(page)
  const lost = new Newsroom(second, 'lost-end')
  await lost.edit(id, { headline: 'Second words' })
  await lost.publish({ headline: 'Lost' })
  await page.getByRole('heading', { name: 'Lost' }).waitFor()

  const third = await startServer(t, { DATA_DIR: copy })
  await new Newsroom(third, 'lost-end').retract(id, 'Taken back.')
  gate.lead(third.url)
  gate.cut()
  await page.getByText('Taken back.').waitFor()
  assert.doesNotMatch(await page.content(), /words|Lost/)
})
