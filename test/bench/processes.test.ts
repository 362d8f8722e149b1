import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { cpuMsOf, memoryOf, treeOf } from '../../scripts/bench/processes.ts'
import { skip } from './skip.ts'

/** A process that has a child, which works for a while; both then wait, and end with their stdin. */
const script = `
const { spawn } = require('node:child_process')
const work = 'const end = performance.now() + 300; while (performance.now() < end); console.log("worked"); process.stdin.resume()'
spawn(process.execPath, ['-e', work], { stdio: 'inherit' })
`

test("a server's processor time and memory are those of its children too", { skip }, async (t) => {
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => parent.stdin.end())
  await once(parent.stdout, 'data')
  const { pid = 0 } = parent
  const tree = treeOf(pid)
  assert.equal(tree.length, 2)
  assert.equal(tree[0], pid)
  const both = memoryOf(tree)
  assert.ok(both.rssKb > memoryOf([pid]).rssKb)
  assert.ok(both.pssKb !== null && both.pssKb > 0 && both.pssKb <= both.rssKb)
  assert.ok(cpuMsOf(tree) > cpuMsOf([pid]))

  parent.stdin.end()
  await once(parent, 'exit')
  assert.equal(cpuMsOf([pid]), 0)
  assert.equal(memoryOf([pid]).rssKb, 0)
})
