/** What runs in the operator's browser: asks for a key once, then for the figures every two seconds. */
import type { OpsChannels, OpsNodes } from '../../wire/ops.ts'
import { element } from '../reader/document.ts'
import { morph } from '../reader/morph.ts'
import { oldestMs, renderTables, seconds, verdictOf } from './tables.ts'

const everyMs = 2_000
const answerMsMax = 10_000
const backoffMsMax = 30_000
/** Figures older than this are said to be old, whatever they say. */
const freshMsMax = 10_000

const storageName = 'wirecopy-ops-key'
const form = element(document, '[data-key-form]', HTMLFormElement)
const field = element(form, 'input', HTMLInputElement)
const keyProblem = element(document, '[data-key-problem]', HTMLElement)
const figures = element(document, '[data-figures]', HTMLElement)
const verdictLine = element(document, '[data-verdict]', HTMLElement)
const ageLine = element(document, '[data-age]', HTMLElement)
const tables = element(document, '[data-tables]', HTMLElement)
const forget = element(document, '[data-forget]', HTMLButtonElement)

let key = sessionStorage.getItem(storageName)
let next: ReturnType<typeof setTimeout> | undefined
let failures = 0
let asking = false
/** When the last figures came (`performance.now()`, which no clock change moves), and how old they were then. */
let received: { readonly atMs: number; readonly ageMs: number } | undefined

form.addEventListener('submit', (event) => {
  event.preventDefault()
  key = field.value.trim()
  sessionStorage.setItem(storageName, key)
  field.value = ''
  void ask()
})
forget.addEventListener('click', () => forgetKey(''))
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void ask()
})
setInterval(showAge, 1_000)
if (key === null) forgetKey('')
else void ask()

/** Asks now, and again later, for as long as there is a key and somebody looks. */
async function ask(): Promise<void> {
  clearTimeout(next)
  if (asking || key === null || document.hidden) return
  asking = true
  const asked = key
  try {
    const [nodes, channels] = await Promise.all([get<OpsNodes>('nodes', asked), get<OpsChannels>('channels', asked)])
    failures = 0
    if (key === asked) show(nodes, channels)
  } catch (error) {
    failures += 1
    if (error instanceof Refused) forgetKey(error.message)
    showAge()
  } finally {
    asking = false
    if (key !== null) next = setTimeout(() => void ask(), delayMs())
  }
}

/** Full jitter past the first failure, so that many open pages do not come back together. */
function delayMs(): number {
  if (failures === 0) return everyMs
  return everyMs / 2 + Math.random() * Math.min(backoffMsMax, everyMs * 2 ** failures)
}

class Refused extends Error {}

async function get<T>(name: 'nodes' | 'channels', bearer: string): Promise<T> {
  const response = await fetch(`/v1/ops/${name}`, {
    headers: { authorization: `Bearer ${bearer}` },
    cache: 'no-store',
    signal: AbortSignal.timeout(answerMsMax),
  })
  if (response.status === 401 || response.status === 403) {
    throw new Refused('This key is not known, has expired, or lacks the scope ops:read.')
  }
  if (!response.ok) throw new Error(`The server answered ${response.status}`)
  return (await response.json()) as T
}

function show(nodes: OpsNodes, channels: OpsChannels): void {
  received = { atMs: performance.now(), ageMs: oldestMs(nodes, channels) }
  const { level, text } = verdictOf(nodes)
  // The verdict is a live region: it is written only where it says something new.
  if (verdictLine.textContent !== text) verdictLine.textContent = text
  verdictLine.setAttribute('data-level', level)
  const fresh = tables.cloneNode(false) as HTMLElement
  fresh.innerHTML = renderTables(nodes, channels).toString()
  morph(tables, fresh)
  keyProblem.textContent = ''
  form.hidden = true
  figures.hidden = false
  showAge()
}

function showAge(): void {
  if (received === undefined) return
  const ageMs = performance.now() - received.atMs + received.ageMs
  const old = failures > 0 || ageMs > freshMsMax
  ageLine.textContent = `Figures are ${seconds(ageMs)} old${failures > 0 ? ', and no newer ones can be had. Trying again' : ''}`
  figures.toggleAttribute('data-old', old)
}

function forgetKey(problem: string): void {
  clearTimeout(next)
  key = null
  received = undefined
  sessionStorage.removeItem(storageName)
  tables.replaceChildren()
  figures.hidden = true
  form.hidden = false
  keyProblem.textContent = problem
}
