import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { measures } from '../../scripts/bench/measures/measures.ts'
import { readRecord, recordText, writeReport } from '../../scripts/bench/report.ts'
import { Results } from '../../scripts/bench/results.ts'
import { SetupError } from '../../scripts/setup/capture.js'

const sizes = { small: 5, large: 15, posts: 3, stayMs: 1_000, stormMs: 1_000, answers: 10 }
const machine = {
  cores: 2,
  processor: 'a processor',
  kernel: '6.1',
  node: 'v24.0.0',
  redis: 'Redis v=7.0.15',
  commit: 'abc',
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'wirecopy-report-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

test('what a bench has read is written down, read again, and made a page of the documentation', async (t) => {
  const path = await folder(t)
  const results = new Results()
  results.readings.push(
    { run: 1, measure: 'deliveries', server: 'Wirecopy', figures: { cpuSmall: 8, cpuLarge: null } },
    { run: 1, measure: 'deliveries', server: 'floor', figures: { cpuSmall: 7, cpuLarge: 6 } },
    { run: 1, measure: 'storm', server: 'Wirecopy', figures: { wrong: 0 } },
  )
  results.gaps.push({ run: 1, measure: 'followers', server: 'Nchan', why: 'it ended' })
  const record = { startedAt: '2026-01-02T03:04:05.000Z', machine, runs: 1, sizes, results }
  const [json, page] = [join(path, 'results.json'), join(path, 'speed.md')]
  await writeFile(json, recordText(record))
  const again = readRecord(json)
  assert.deepEqual({ ...again, verdicts: null }, { ...record, verdicts: null })
  writeReport(page, again, measures)
  const text = await readFile(page, 'utf8')
  assert.match(text, /^\| median \(min–max\) \| Wirecopy \| floor \|\n\| --- \| ---: \| ---: \|$/m)
  assert.match(text, /^\| server CPU per delivery, smaller audience, µs \| 8\.00 \| 7\.00 \|$/m)
  // The floor has no part in a storm, and of followers nothing was read.
  assert.match(text, /^\| median \(min–max\) \| Wirecopy \|$/m)
  assert.doesNotMatch(text, /^## followers$/m)
  assert.match(text, /Node 24\.0\.0, Redis 7\.0\.15,\s+nginx unknown/)
  assert.match(text, /!\[[^\]]+\]\(speed\.svg\)/)
  assert.match(await readFile(join(path, 'speed.svg'), 'utf8'), /^<svg /)
})

test('a file that is none of its own is told so', async (t) => {
  const file = join(await folder(t), 'results.json')
  for (const text of ['', '[]', '{}', 'null']) {
    await writeFile(file, text)
    assert.throws(() => readRecord(file), SetupError, text)
  }
})
