import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channelsShownMax, oldestMs, renderTables, seconds, verdictOf } from '../../src/pages/ops/tables.ts'
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
    total: { websocket: 1200, polling: 3, sse: 1, followers: 1204, behind: 2 },
  })
}

function channelsWith(...followers: number[]): OpsChannels {
  const counts = { behind: 0, websocket: 0, polling: 0, sse: 0 }
  const channels = followers.map((count, index) => ({ channel: `c${index}`, followers: count, ...counts }))
  return OpsChannels.parse({ at, ageMs: 900, channels })
}

test('readers are reached where every process is ready, partly where some are, and not where none is', () => {
  assert.equal(verdictOf(nodesWith({ ready: true }, { ready: true })).level, 'yes')
  assert.equal(verdictOf(nodesWith({ ready: true }, { ready: false })).level, 'partly')
  assert.equal(verdictOf(nodesWith({ ready: false })).level, 'no')
  assert.equal(verdictOf(nodesWith()).level, 'no')
})

test('the age told is that of the oldest figure', () => {
  assert.equal(oldestMs(nodesWith({ ready: true, ageMs: 5_000 }), channelsWith()), 5_000)
  assert.equal(oldestMs(nodesWith({ ready: true }), channelsWith()), 900)
  assert.deepEqual([seconds(900), seconds(59_999), seconds(61_000)], ['0 s', '59 s', '1 min 1 s'])
})

test('the tables have the counts, why a process is not ready, and the channels with the most followers first', () => {
  const tables = renderTables(nodesWith({ ready: false, reason: 'probe is late <2 s>' }), channelsWith(1, 7)).toString()
  assert.match(tables, /<dd>1,204<\/dd>/)
  assert.match(tables, /Not ready<\/strong> \(probe is late &lt;2 s&gt;\)/)
  assert.ok(tables.indexOf('/c/c1') < tables.indexOf('/c/c0'))
})

test('a thousand channels do not make a thousand rows', () => {
  const many = channelsWith(...Array.from({ length: 1_000 }, (_, index) => index))
  const tables = renderTables(nodesWith({ ready: true }), many).toString()
  assert.equal(tables.match(/href="\/c\//g)?.length, channelsShownMax)
  assert.match(tables, /900 more/)
})
