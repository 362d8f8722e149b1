import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { iconOf, titles } from '../../src/pages/ops/tab.ts'
import { type Known, seconds, verdictOf } from '../../src/pages/ops/verdict.ts'
import { OpsNodes } from '../../src/wire/ops.ts'

const at = '2026-03-01T21:00:00.000Z'
const connections = { websocket: 1, polling: 0, sse: 0 }

interface Told {
  readonly nodes?: readonly { ready?: boolean; ageMs?: number }[]
  readonly lost?: readonly { ageMs?: number; followers?: number; replaced?: boolean }[]
  readonly drop?: OpsNodes['drop']
}

function knownOf({ nodes = [], lost = [], drop = null }: Told, sinceMs = 0, refuted = false): Known {
  const total = { websocket: 0, polling: 0, sse: 0, followers: 0, behind: 0 }
  const process = { node: 'a', startedAt: at, connections, behind: 0 }
  const told = {
    at,
    nodes: nodes.map((fields, worker) => ({
      ...process,
      worker,
      ready: true,
      ageMs: 500,
      followers: 1,
      channels: 1,
      ...fields,
    })),
    lost: lost.map((fields, worker) => ({
      ...process,
      worker,
      lastSeenAt: at,
      ageMs: 40_000,
      followers: 130,
      replaced: false,
      ...fields,
    })),
    drop,
    total,
  }
  return { nodes: OpsNodes.parse(told), sinceMs, refuted }
}

const said = (told: Told, sinceMs = 0) => {
  const { level, text } = verdictOf({ known: knownOf(told, sinceMs), failure: null })
  return [level, text]
}

test('every process is ready, none is lost: readers are being reached', () => {
  assert.deepEqual(said({ nodes: [{}, {}] }), ['yes', 'Readers are being reached: 2 of 2 processes ready'])
})

test('a process that is lost or not ready is told with its readers, and when', () => {
  assert.deepEqual(said({ nodes: [{}], lost: [{}] }), [
    'partly',
    'Readers may not be reached: 1 of 2 processes lost 40 s ago, 130 readers were on it',
  ])
  assert.deepEqual(said({ nodes: [{}], lost: [{ ageMs: 61_000 }, { ageMs: 90_000, followers: 1_200 }] }, 2_000), [
    'partly',
    'Readers may not be reached: 2 of 3 processes lost, the last 1 min 3 s ago, 1,330 readers were on them',
  ])
  assert.deepEqual(said({ nodes: [{}, { ready: false }] }), [
    'partly',
    'Readers may not be reached: 1 of 2 processes not ready',
  ])
  assert.deepEqual(said({ nodes: [{ ready: false }] }), [
    'no',
    'Readers are not being reached: 1 of 1 process not ready',
  ])
  assert.deepEqual(said({ lost: [{ followers: 1 }] }), [
    'no',
    'Readers are not being reached: 1 of 1 process lost 40 s ago, 1 reader was on it',
  ])
})

test('a loss that is made up for is told, and a drop of followers that is not alarms', () => {
  assert.deepEqual(said({ nodes: [{}, {}], lost: [{ replaced: true }] }), [
    'yes',
    'Readers are being reached: 2 of 2 processes ready; 1 process was lost 40 s ago and is back, 130 readers were on it',
  ])
  assert.deepEqual(said({ nodes: [{}], drop: { from: 1_300, to: 170, ageMs: 5_000 } }), [
    'partly',
    'Readers may not be reached: 1 of 1 process ready; followers fell suddenly 5 s ago, from 1,300 to 170',
  ])
})

test('no news is not good news', () => {
  assert.deepEqual(said({}), ['not-known', 'Not known whether readers are being reached: no process has reported'])
  assert.deepEqual(said({ nodes: [{}] }, 10_001), [
    'not-known',
    'Not known whether readers are being reached: the newest figures are 10 s old',
  ])
  assert.equal(verdictOf({ known: null, failure: null }).level, 'not-known')
  assert.equal(verdictOf({ known: null, failure: 'server' }).level, 'not-known')
  assert.match(verdictOf({ known: null, failure: 'rate' }).text, /Not known .*: too many questions/)
  assert.deepEqual(verdictOf({ known: knownOf({ nodes: [{}] }, 12_000), failure: 'server' }), {
    level: 'not-known',
    text: 'Not known whether readers are being reached: the server has not answered for 12 s',
    summary: 'Not known whether readers are being reached: the server has not answered',
  })
  const aged = knownOf({ nodes: [{ ageMs: 2_000 }] }, 9_000)
  assert.match(verdictOf({ known: aged, failure: 'server' }).text, /the server has not answered for 9 s/)
  assert.match(verdictOf({ known: aged, failure: null }).text, /1 of 1 process not heard of lately/)
  // One question that fails is no news yet.
  assert.equal(verdictOf({ known: knownOf({ nodes: [{}] }, 3_000), failure: 'server' }).level, 'yes')
})

test('a server whose store is away reaches nobody, and what it said before is no longer believed', () => {
  const { level, text } = verdictOf({ known: knownOf({ nodes: [{}] }, 100, true), failure: 'store' })
  assert.deepEqual([level, text], ['no', 'Readers are not being reached: the server answers, but its Redis does not'])
  assert.equal(verdictOf({ known: knownOf({ nodes: [{}] }, 100, true), failure: 'server' }).level, 'not-known')
})

const age = fc.oneof(fc.nat(20_000), fc.constantFrom(0, 10_000, 10_001))
const told: fc.Arbitrary<Told> = fc.record({
  nodes: fc.array(fc.record({ ready: fc.boolean(), ageMs: age }), { maxLength: 4 }),
  lost: fc.array(fc.record({ ageMs: fc.nat(900_000), followers: fc.nat(500), replaced: fc.boolean() }), {
    maxLength: 3,
  }),
  drop: fc.option(fc.record({ from: fc.nat(500), to: fc.nat(500), ageMs: fc.nat(900_000) }), { nil: null }),
})
const sinceMs = fc.oneof(age, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, -3_600_000))
const failure = fc.constantFrom('store', 'server', 'rate', null)

test('whatever is told, the page is green exactly if all of it is good, and recent', () => {
  fc.assert(
    fc.property(fc.option(told), sinceMs, fc.boolean(), failure, (given, since, refuted, failed) => {
      const known = given === null ? null : knownOf(given, since, refuted)
      const { level } = verdictOf({ known, failure: failed })
      const good =
        known !== null &&
        failed !== 'store' &&
        !refuted &&
        since >= 0 &&
        known.nodes.nodes.length > 0 &&
        known.nodes.nodes.every(({ ready, ageMs }) => ready && ageMs + since <= 10_000) &&
        known.nodes.lost.every(({ replaced }) => replaced) &&
        known.nodes.drop === null
      assert.equal(level === 'yes', good)
    }),
    { numRuns: 2_000 },
  )
})

test('what is read out changes only if something has happened', () => {
  fc.assert(
    fc.property(told, fc.nat(4_000), fc.nat(4_000), (given, a, b) => {
      const [first, second] = [a, b].map((since) => verdictOf({ known: knownOf(given, since), failure: null }))
      if (first?.level !== second?.level) return
      const heard = given.nodes?.filter(
        ({ ageMs = 0 }) => ageMs + Math.max(a, b) > 10_000 && ageMs + Math.min(a, b) <= 10_000,
      )
      if (heard?.length === 0) assert.equal(first?.summary, second?.summary)
    }),
  )
})

test('each verdict has a title and an icon of its own', () => {
  const levels = ['yes', 'partly', 'no', 'not-known'] as const
  assert.equal(new Set(levels.map((level) => titles[level])).size, 4)
  assert.equal(new Set(levels.map((level) => iconOf(level))).size, 4)
  for (const level of levels) assert.match(iconOf(level), /^data:image\/svg\+xml,%3Csvg/)
  assert.deepEqual([seconds(900), seconds(59_999), seconds(61_000)], ['0 s', '59 s', '1 min 1 s'])
})
