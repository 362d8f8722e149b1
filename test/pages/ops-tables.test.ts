import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channelsShownMax, oldestMs, renderTables } from '../../src/pages/ops/tables.ts'
import type { Known } from '../../src/pages/ops/verdict.ts'
import { OpsChannels, OpsNodes } from '../../src/wire/ops.ts'

const at = '2026-03-01T21:00:00.000Z'

function nodesWith(...nodes: { ready: boolean; reason?: string; ageMs?: number }[]): OpsNodes {
  const connections = { websocket: 1200, polling: 3, sse: 1 }
  return OpsNodes.parse({
    at,
    nodes: nodes.map((node, worker) => ({
      node: 'a',
      worker,
      startedAt: at,
      ageMs: 400,
      connections,
      followers: 1204,
      behind: 2,
      channels: 1,
      ...node,
    })),
    lost: [],
    drop: null,
    total: { websocket: 1200, polling: 3, sse: 1, followers: 1204, behind: 2 },
  })
}

function known(nodes: OpsNodes, sinceMs = 0): Known {
  return { nodes, sinceMs, refuted: false }
}

function channelsWith(...followers: number[]): OpsChannels {
  const counts = { behind: 0, websocket: 0, polling: 0, sse: 0 }
  const channels = followers.map((count, index) => ({ channel: `c${index}`, followers: count, ...counts }))
  return OpsChannels.parse({ at, ageMs: 900, channels })
}

test('the age told is that of the oldest figure', () => {
  assert.equal(oldestMs(known(nodesWith({ ready: true, ageMs: 5_000 })), channelsWith()), 5_000)
  assert.equal(oldestMs(known(nodesWith({ ready: true }), 200), channelsWith()), 1_100)
})

test('a figure that is more than 10 s old is not shown', () => {
  const nodes = nodesWith({ ready: true, ageMs: 400 }, { ready: true, ageMs: 9_000 })
  const shown = renderTables(known(nodes), channelsWith(77)).toString()
  assert.match(shown, /1,204/)
  assert.doesNotMatch(shown, /not known/)
  // The second process, and with it the sum.
  const partly = renderTables(known(nodes, 2_000), channelsWith(77)).toString()
  assert.doesNotMatch(partly, /<dd>1,204/)
  assert.match(partly, /<dd><span class="unknown">not known/)
  assert.match(partly, /<td>1,204<\/td>/)
  for (const old of [known(nodes, 10_001), { ...known(nodes), refuted: true }]) {
    const tables = renderTables(old, channelsWith(77)).toString()
    assert.doesNotMatch(tables, />1,204<|>77<|Ready/)
    assert.match(tables, /not known/)
  }
})

test('processes that are lost are listed with the followers that they had', () => {
  const nodes = nodesWith({ ready: true })
  const { ready: _, channels: __, ...fields } = nodes.nodes[0] ?? assert.fail()
  const one = { ...fields, node: 'press-2', lastSeenAt: at, ageMs: 40_000, followers: 1_130 }
  const told = OpsNodes.parse({
    ...nodes,
    lost: [
      { ...one, replaced: false },
      { ...one, replaced: true },
    ],
  })
  const tables = renderTables(known(told, 2_000), channelsWith()).toString()
  assert.match(tables, /press-2.*Lost<\/strong>.*1,130.*2026-03-01 21:00:00 UTC.*42 s/)
  assert.match(tables, /Back, as another process/)
  assert.doesNotMatch(renderTables(known(nodes), channelsWith()).toString(), /Lost/)
})

test('the tables have the counts, why a process is not ready, and the channels with the most followers first', () => {
  const tables = renderTables(
    known(nodesWith({ ready: false, reason: 'probe is late <2 s>' })),
    channelsWith(1, 7),
  ).toString()
  assert.match(tables, /<dd>1,204<\/dd>/)
  assert.match(tables, /Not ready<\/strong> \(probe is late &lt;2 s&gt;\)/)
  assert.ok(tables.indexOf('/c/c1') < tables.indexOf('/c/c0'))
})

test('a thousand channels do not make a thousand rows', () => {
  const many = channelsWith(...Array.from({ length: 1_000 }, (_, index) => index))
  const tables = renderTables(known(nodesWith({ ready: true })), many).toString()
  assert.equal(tables.match(/href="\/c\//g)?.length, channelsShownMax)
  assert.match(tables, /900 more/)
})
