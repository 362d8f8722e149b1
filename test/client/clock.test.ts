import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { build } from 'esbuild'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { timingDefaults } from '../../src/client/index.ts'
import type { FollowAnswer } from '../../src/wire/events.ts'
import { launchChromium } from '../browser/chromium.ts'
import { History } from './history.ts'
import { startStandIn } from './stand-in.ts'
import { isLive, quick, watch } from './watched.ts'

const tenMinutesMs = 600_000

/** Quick, but for a server's word on a delay, which is taken as far as readers take it. */
const timing = { ...quick, toldCapMs: timingDefaults.toldCapMs }

function grown(): History {
  const history = new History()
  history.do({ kind: 'publish' })
  return history
}

/** A refusal that may say when to come back. */
function busy(retryAfterMs?: number): FollowAnswer {
  const problem = { type: 'urn:x', title: 'Busy', status: 503, detail: 'Come back.', code: 'overloaded' }
  return { ok: false, error: retryAfterMs === undefined ? problem : { ...problem, retryAfterMs } }
}

test('a feed that was told to wait is live again, though the clock has jumped back meanwhile', {
  timeout,
}, async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const history = grown()
  const server = await startStandIn(t, () => {
    if (server.asked.length === 1) return busy(20)
    if (server.asked.length > 2) return { ok: true, snapshot: history.snapshot(30) }
    t.mock.timers.setTime(Date.now() - tenMinutesMs)
    return busy()
  })
  const watched = watch(t, server.url, 'harbour', { transports: ['socket'], timing })
  await watched.until('live', isLive)
  assert.equal(server.asked.length, 3)
})

test('the same in a browser', { timeout }, async (t) => {
  const history = grown()
  let jump = async () => {}
  const server = await startStandIn(t, (_request, socket) => {
    if (server.asked.length === 1) return busy(20)
    if (server.asked.length > 2) return { ok: true, snapshot: history.snapshot(30) }
    void jump().then(() => socket.disconnect())
    return null
  })
  const script = `
    import { follow } from './index.ts'
    const timing = ${JSON.stringify(timing)}
    follow(location.origin, 'harbour', { transports: ['socket'], timing, onState: (state) => (document.title = state) })`
  const bundle = await build({
    stdin: { contents: script, resolveDir: join(import.meta.dirname, '../../src/client'), loader: 'ts' },
    bundle: true,
    format: 'iife',
    write: false,
  })
  const browser = await launchChromium()
  t.after(() => browser.close())
  const page = await browser.newPage()
  await page.addInitScript(`
    const clock = Date.now
    let pastMs = 0
    Date.now = () => clock() - pastMs
    window.jumpBack = (ms) => { pastMs = ms }`)
  jump = async () => {
    await page.evaluate(`jumpBack(${tenMinutesMs})`)
  }
  // The one thing at the stand-in's origin that a browser shows: it is the origin that counts.
  await page.goto(`${server.url}/socket.io/socket.io.js`)
  await page.evaluate(bundle.outputFiles[0]?.text ?? '')
  await page.waitForFunction(() => document.title === 'live')
  assert.equal(server.asked.length, 3)
})
