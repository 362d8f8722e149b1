import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measures } from '../../scripts/bench/measures/measures.ts'
import { plot } from '../../scripts/bench/plot.ts'
import { verdicts } from '../../scripts/bench/requirements.ts'
import { Results } from '../../scripts/bench/results.ts'
import type { ServerName } from '../../scripts/bench/servers/server.ts'
import { measureTable, verdictTable } from '../../scripts/bench/table.ts'

const sizes = { large: 15_000, small: 5_000, posts: 30, stayMs: 60_000, stormMs: 10_000, answers: 400 }

/** A value for each run. */
function add(results: Results, measure: string, server: ServerName, figure: string, values: readonly number[]): void {
  for (const [i, value] of values.entries()) {
    results.readings.push({ run: i + 1, measure, server, figures: { [figure]: value } })
  }
}

function verdictOn(results: Results, what: string) {
  const found = verdicts(results).find((one) => one.what === what)
  assert.ok(found, what)
  return [found.is, found.reached]
}

const ofFloor = "CPU per delivery, smaller audience, of floor's"
const ofNchan = "CPU per delivery, smaller audience, of Nchan's"

test('a figure that is asked for as a multiple goes by the medians of both servers', () => {
  const results = new Results()
  add(results, 'deliveries', 'Wirecopy', 'cpuSmall', [8, 100, 8.4])
  add(results, 'deliveries', 'floor', 'cpuSmall', [7, 7, 1])
  add(results, 'deliveries', 'Nchan', 'cpuSmall', [9, 9, 9])
  assert.deepEqual(verdictOn(results, ofFloor), ['1.20 ×', true])
  assert.deepEqual(verdictOn(results, ofNchan), ['0.93 ×', false])
})

test('what was not measured is neither reached nor missed', () => {
  const results = new Results()
  assert.ok(verdicts(results).every(({ is, reached }) => is === '–' && reached === null))
  add(results, 'deliveries', 'Wirecopy', 'cpuSmall', [8])
  assert.deepEqual(verdictOn(results, ofFloor), ['–', null])
})

test('of faults the worst run counts, not the median', () => {
  const results = new Results()
  add(results, 'storm', 'Wirecopy', 'wrong', [0, 0, 0, 0, 2])
  add(results, 'returns', 'Wirecopy', 'short', [0, 0, 0])
  assert.deepEqual(verdictOn(results, 'storm: faults in what followers hold'), ['2.00', false])
  assert.deepEqual(verdictOn(results, 'all back at once: short'), ['0', true])
})

test('a limit is reached at the limit', () => {
  const results = new Results()
  add(results, 'followers', 'Wirecopy', 'rssPerFollower', [12])
  assert.deepEqual(verdictOn(results, 'memory per follower'), ['12.0 KB', true])
})

test('every figure that is asked for is one that a measure gives', () => {
  const results = new Results()
  for (const { name, figures } of measures) {
    for (const server of ['Wirecopy', 'floor', 'Nchan', 'Socket.IO'] as const) {
      for (const figure of Object.keys(figures)) add(results, name, server, figure, [1])
    }
  }
  assert.deepEqual(
    verdicts(results).filter(({ reached }) => reached === null),
    [],
  )
})

test('the table has a dash where a server has no figure, and says what could not be measured', () => {
  const results = new Results()
  add(results, 'deliveries', 'Wirecopy', 'cpuSmall', [8, 9, 10])
  add(results, 'deliveries', 'floor', 'cpuLarge', [7])
  results.gaps.push({ run: 2, measure: 'deliveries', server: 'Nchan', why: 'it ended' })
  const [deliveries] = measures
  assert.ok(deliveries)
  const text = measureTable(results, deliveries, sizes)
  assert.match(text, /^ {2}median \(min–max\) +Wirecopy +floor$/m)
  assert.match(text, /smaller audience, µs +9\.00 \(8\.00–10\.0\) +–$/m)
  assert.match(text, /larger audience, µs +– +7\.00$/m)
  assert.match(text, /^run 2, Nchan: it ended$/m)
  assert.match(verdictTable(results), /memory per follower +≤ 12 KB +– +not measured$/m)
})

test('the plot has a bar for each server that was measured', () => {
  const results = new Results()
  add(results, 'deliveries', 'Wirecopy', 'cpuSmall', [8, 9])
  add(results, 'deliveries', 'floor', 'cpuSmall', [7])
  const svg = plot(results)
  assert.equal(svg.match(/<rect x=/g)?.length, 2)
  assert.match(svg, /^<svg [\s\S]*>8\.50<\/text>[\s\S]*<\/svg>\n$/)
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/)
})
