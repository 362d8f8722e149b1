/** What runs in the operator's browser: asks for a key once, then for the figures every two seconds. */
import { retryAfterMs } from '../../client/failure.ts'
import type { OpsChannels, OpsNodes } from '../../wire/ops.ts'
import { element } from '../reader/document.ts'
import { morph } from '../reader/morph.ts'
import { iconOf, titles } from './tab.ts'
import { oldestMs, renderTables } from './tables.ts'
import { type Known, type Level, type Seen, seconds, verdictOf } from './verdict.ts'

const everyMs = 2_000
const tickMs = 1_000
/** A question that takes longer is given up, and asked again. What is shown does not wait for it. */
const answerMsMax = 5_000
const backoffMsMax = 8_000
/** How long the server may tell this page to wait: its rates are counted by the minute. */
const toldMsMax = 60_000

const storageName = 'wirecopy-ops-key'
const form = element(document, '[data-key-form]', HTMLFormElement)
const field = element(form, 'input', HTMLInputElement)
const keyProblem = element(document, '[data-key-problem]', HTMLElement)
const figures = element(document, '[data-figures]', HTMLElement)
const verdictLine = element(document, '[data-verdict]', HTMLElement)
const announced = element(document, '[data-announced]', HTMLElement)
const ageLine = element(document, '[data-age]', HTMLElement)
const tables = element(document, '[data-tables]', HTMLElement)
const forget = element(document, '[data-forget]', HTMLButtonElement)
const icon = element(document, 'link[rel="icon"]', HTMLLinkElement)
const ownTitle = document.title
const ownIcon = icon.href

interface Held {
  readonly nodes: OpsNodes
  readonly channels: OpsChannels
  /** When it was asked for (`performance.now()`, which no change of a clock moves): it may have been on its way for long. */
  readonly askedAtMs: number
  readonly refuted: boolean
}

interface Asking {
  readonly sinceMs: number
  readonly stop: AbortController
}

let key = keptKey()
let asking: Asking | null = null
let askAtMs = 0
let failures = 0
let held: Held | null = null
let failure: Seen['failure'] = null

form.addEventListener('submit', (event) => {
  event.preventDefault()
  key = field.value.trim()
  keepKey(key)
  field.value = ''
  askNow()
})
forget.addEventListener('click', () => forgetKey(''))
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) askNow()
})
setInterval(tick, tickMs)
tickInBackground()
if (key === null) forgetKey('')
else askNow()

/** Null if there is none, or if this browser keeps nothing: reading throws where sites may not store anything. */
function keptKey(): string | null {
  try {
    return sessionStorage.getItem(storageName)
  } catch {
    return null
  }
}

/** A key that can't be kept lasts as long as the page. Null forgets it. */
function keepKey(kept: string | null): void {
  try {
    if (kept === null) sessionStorage.removeItem(storageName)
    else sessionStorage.setItem(storageName, kept)
  } catch {
    // Nothing was kept.
  }
}

/** In the background a worker's ticks go on. If there is none, the page's own timer does what it may. */
function tickInBackground(): void {
  try {
    new Worker(figures.dataset['ticks'] ?? '').addEventListener('message', tick)
  } catch (error) {
    console.warn('Wirecopy has no timer in the background here.', error)
  }
}

/** Shows what is known now, whatever has become of the questions, and asks again when it is time. */
function tick(): void {
  if (key === null) return
  const now = performance.now()
  if (asking !== null && now - asking.sinceMs > answerMsMax) asking.stop.abort()
  if (asking === null && now >= askAtMs) void ask(key)
  show()
}

function askNow(): void {
  askAtMs = 0
  tick()
}

async function ask(asked: string): Promise<void> {
  let toldMs = 0
  const mine: Asking = { sinceMs: performance.now(), stop: new AbortController() }
  asking = mine
  try {
    const [nodes, channels] = await Promise.all([
      get<OpsNodes>('nodes', asked, mine.stop.signal),
      get<OpsChannels>('channels', asked, mine.stop.signal),
    ])
    if (key !== asked) return
    requireNew(nodes, channels)
    held = { nodes, channels, askedAtMs: mine.sinceMs, refuted: false }
    failures = 0
    failure = null
    keyProblem.textContent = ''
  } catch (error) {
    if (key !== asked) return
    mine.stop.abort()
    failures += 1
    failure = error instanceof StoreAway ? 'store' : error instanceof TooMany ? 'rate' : 'server'
    toldMs = error instanceof TooMany ? error.waitMs : 0
    if (failure === 'store' && held !== null) held = { ...held, refuted: true }
    if (error instanceof Refused) forgetKey(error.message)
  } finally {
    asking = null
    askAtMs = key === asked ? performance.now() + Math.max(toldMs, delayMs()) : 0
    if (key !== null) show()
  }
}

/** Full jitter past the first failure, so that many open pages do not come back together. */
function delayMs(): number {
  if (failures === 0) return everyMs
  return everyMs / 2 + Math.random() * Math.min(backoffMsMax, everyMs * 2 ** failures)
}

class Refused extends Error {}
class StoreAway extends Error {}

class TooMany extends Error {
  readonly waitMs: number

  constructor(waitMs: number) {
    super('The server refuses so many questions.')
    this.waitMs = waitMs
  }
}

async function get<T>(name: 'nodes' | 'channels', bearer: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(`/v1/ops/${name}`, {
    headers: { authorization: `Bearer ${bearer}` },
    cache: 'no-store',
    signal,
  })
  if (response.status === 401 || response.status === 403) {
    throw new Refused('This key is not known, has expired, or lacks the scope ops:read.')
  }
  if (response.status === 429) throw new TooMany(Math.min(retryAfterMs(response.headers) ?? 0, toldMsMax))
  if (response.ok) return (await response.json()) as T
  const { code } = (await response.json().catch(() => ({}))) as { code?: unknown }
  if (code === 'unavailable') throw new StoreAway()
  throw new Error(`The server answered ${response.status}`)
}

/** What stands between may answer in the server's place, with nothing of ours, or with what it has kept. */
function requireNew(nodes: OpsNodes, channels: OpsChannels): void {
  const whole = [nodes.nodes, nodes.lost, channels.channels].every((list) => Array.isArray(list))
  if (!whole || nodes.drop === undefined) throw new Error('The answer is not one of the server')
  if (nodes.at === held?.nodes.at) throw new Error('The answer is the one before')
}

function show(): void {
  const sinceMs = held === null ? 0 : performance.now() - held.askedAtMs
  const known: Known | null = held && { nodes: held.nodes, sinceMs, refuted: held.refuted }
  // A key that has not been tried yet is not shown as known.
  if (known === null && failure === null) return
  const { level, text, summary } = verdictOf({ known, failure })
  setText(verdictLine, text)
  verdictLine.setAttribute('data-level', level)
  setText(announced, summary)
  showInTab(titles[level], iconOf(level))
  setText(
    ageLine,
    held === null ? '' : `Figures are ${seconds(oldestMs({ ...held, sinceMs }, held.channels))} old${trying()}`,
  )
  figures.toggleAttribute('data-old', isOld(level))
  const fresh = tables.cloneNode(false) as HTMLElement
  if (known !== null && held !== null) fresh.innerHTML = renderTables(known, held.channels).toString()
  morph(tables, fresh)
  form.hidden = true
  figures.hidden = false
}

function trying(): string {
  return failures > 0 ? ', and no newer ones can be had. Trying again' : ''
}

function isOld(level: Level): boolean {
  return failures > 0 || level === 'not-known'
}

/** Written only if it says something new: live regions are read out, and icons fetched, whenever they are set. */
function setText(line: HTMLElement, text: string): void {
  if (line.textContent !== text) line.textContent = text
}

function showInTab(title: string, address: string): void {
  if (document.title !== title) document.title = title
  if (icon.href !== address) icon.href = address
}

function forgetKey(problem: string): void {
  asking?.stop.abort()
  key = null
  held = null
  failure = null
  failures = 0
  keepKey(null)
  tables.replaceChildren()
  figures.hidden = true
  form.hidden = false
  keyProblem.textContent = problem
  showInTab(ownTitle, ownIcon)
}
