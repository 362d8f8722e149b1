import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { abuses } from './abuses.ts'
import { AbuseRun } from './run.ts'
import { remarks, tableHead, tableRow } from './table.ts'

const run = await AbuseRun.open('short')
after(() => run.close())

for (const abuse of abuses) {
  if (abuse.fullOnly === true) continue
  test(`memory, parts and files stay within their bounds: ${abuse.name}`, async (t) => {
    const outcome = await run.try(abuse)
    t.diagnostic(tableHead())
    t.diagnostic(tableRow(outcome))
    for (const remark of remarks(outcome)) t.diagnostic(remark)
    assert.deepEqual(outcome.broken, [])
    // An abuse that did not come about would find nothing either.
    assert.ok(outcome.inputs > 0)
  })
}
