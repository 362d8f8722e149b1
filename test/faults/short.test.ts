import assert from 'node:assert/strict'
import test from 'node:test'
import type { FaultName } from './faults.ts'
import { complaints, tableHead, tableRow } from './table.ts'
import { runTrial } from './trial.ts'

const short: readonly FaultName[] = ['one node killed', 'Redis killed', 'Redis link truncated']

for (const fault of short) {
  test(`nothing is lost, repeated, reordered, skipped or leaked under load: ${fault}`, async (t) => {
    const outcome = await runTrial(fault, { followers: 40, loadMs: 1_000, rate: 25, writesMin: 25 })
    t.diagnostic(tableHead())
    t.diagnostic(tableRow(outcome))
    assert.deepEqual(complaints(outcome), [])
    // A load that did not come about would find nothing either.
    assert.ok(outcome.verdict.acknowledged >= 40, `${outcome.verdict.acknowledged} writes were acknowledged`)
    assert.ok(outcome.verdict.deliveries >= 1_000, `${outcome.verdict.deliveries} deliveries were checked`)
  })
}
