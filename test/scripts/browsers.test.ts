import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findUses } from '../../scripts/checks/browser-apis.ts'
import { Compat, oldestByMdnNames, readCompatData } from '../../scripts/checks/compat.ts'

// Fixed here, so that what is found does not change when the oldest browsers do.
const oldest = { chrome: '88', edge: '88', firefox: '78', safari: '14.1', ios: '14.5' }
const data = readCompatData()
const compat = new Compat(data, oldestByMdnNames(oldest))
const found = (text: string, by: Compat = compat) => findUses(text, by).map(({ api }) => api)

const unasked: readonly (readonly [text: string, api: string])[] = [
  ['AbortSignal.any([])', 'AbortSignal.any'],
  ['AbortSignal.timeout(5)', 'AbortSignal.timeout'],
  ['const f = () => structuredClone({})', 'structuredClone'],
  ['reportError(e)', 'reportError'],
  ['new BroadcastChannel("x")', 'BroadcastChannel'],
  ['list.toSorted()', '.toSorted'],
  ['list.at(-1)', '.at'],
  ['Object.hasOwn({}, "a")', 'Object.hasOwn'],
  ['Array.fromAsync([])', 'Array.fromAsync'],
  ['crypto.randomUUID()', 'crypto.randomUUID'],
  ['const l = navigator.locks', 'navigator.locks'],
  ['navigator.locks.name', 'navigator.locks'],
  ['navigator.geolocation.watchPosition(f)', 'navigator.geolocation'],
  ['e.addEventListener("x", f, { signal })', 'signal of addEventListener()'],
  ['/(?<=a)b/.test(x)', 'lookbehind_assertion of /(?<=a)b/'],
  ['new RegExp("(?<!a)b", "g")', 'lookbehind_assertion of /(?<!a)b/'],
  ['/a/d.exec(x)', 'the flag d of /a/d'],
  ['localStorage.getItem("x")', 'localStorage'],
  ['try { later(() => sessionStorage.x) } catch {}', 'sessionStorage'],
  ['try { AbortSignal.any([]) } catch {}', 'AbortSignal.any'],
  ['if (typeof fetch === "function") structuredClone(x)', 'structuredClone'],
  ['if (typeof structuredClone === "function") f(); structuredClone(x)', 'structuredClone'],
]

for (const [text, api] of unasked) {
  test(`what an old browser lacks is found where nobody asks for it: ${text}`, () => {
    assert.deepEqual(found(text), [api])
  })
}

const right: readonly string[] = [
  'typeof structuredClone === "function" ? structuredClone(x) : x',
  'if (typeof structuredClone === "function") { const f = () => structuredClone(x) }',
  'const f = () => { if (!("any" in AbortSignal)) return null; return AbortSignal.any([]) }',
  'const l = "locks" in navigator ? navigator.locks : undefined',
  'navigator.locks?.request',
  'self.reportError?.(e)',
  'const clone = (structuredClone) => structuredClone(1)',
  'function f() { function structuredClone() {} structuredClone() }',
  'import { structuredClone } from "x"; structuredClone(1)',
  'class Own { toSorted() {} } own.toSorted()',
  'const own = { at: 5 }; own.at(1)',
  'const { at } = correction; correction.at',
  'try { sessionStorage.getItem("x") } catch {}',
  'fetch("x"); new AbortController().abort(); document.querySelector("a"); [].map(f).flatMap(f); Promise.all([])',
  'performance.now(); JSON.parse(x); new Map().has(1); "x".padStart(2); window.addEventListener("x", f, { once: true })',
  '/^(?<a>b)$/u.test(x); new RegExp(made)',
]

for (const text of right) {
  test(`what every browser has, or what is asked for, passes: ${text}`, () => assert.deepEqual(found(text), []))
}

test('a field of our own data is no API, whatever its name', () => {
  const names = (fields: string[]) => findUses('batch.to', compat, new Set(fields)).map(({ api }) => api)
  assert.deepEqual(names([]), ['.to'])
  assert.deepEqual(names(['to']), [])
})

test('newer browsers lack less', () => {
  const later = { chrome: '125', edge: '125', firefox: '128', safari: '17.4', ios: '17.4' }
  const newer = new Compat(data, oldestByMdnNames(later))
  assert.deepEqual(found('AbortSignal.any([]); list.toSorted(); structuredClone(1); /(?<=a)b/', newer), [])
  assert.deepEqual(found('Promise.try(f)', newer), ['Promise.try'])
})

test('what can be deleted of a browser to make it an old one has globals, static members and those of instances', () => {
  const all = [...compat.lackingApis()].map(({ path, name }) => [...path, name].join('.'))
  for (const api of [
    'structuredClone',
    'AbortSignal.any',
    'Array.prototype.at',
    'Object.hasOwn',
    'Navigator.prototype.locks',
    'Intl.Segmenter',
  ]) {
    assert.ok(all.includes(api), api)
  }
  for (const api of [
    'fetch',
    'Array.prototype.map',
    'Promise.all',
    'AbortController',
    'Document.prototype.querySelector',
  ]) {
    assert.ok(!all.includes(api), api)
  }
})
