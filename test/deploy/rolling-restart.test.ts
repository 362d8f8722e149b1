import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { testMsMax } from '../../scripts/setup/test-limits.js'
import { drainSpreadMsMax } from '../../src/feed/drain.ts'
import { freePort } from '../faults/free-port.ts'
import { followFresh } from '../helpers/followers.ts'
import { Newsroom, publishDuring } from '../helpers/newsroom.ts'
import type { TransportName } from '../helpers/transports.ts'
import {
  proxyConfig,
  proxyProgram,
  proxyUses,
  type ServerProcess,
  startNode,
  startProxy,
  startRedis,
} from './cluster.ts'

const Compose = z.object({
  services: z.object({
    'wirecopy-1': z.object({
      stop_grace_period: z.string(),
      environment: z.object({ DRAIN_NOTICE_MS: z.string() }),
    }),
  }),
})
const compose = Compose.parse(parse(await readFile('docker-compose.yml', 'utf8'), { merge: true }))
const node = compose.services['wirecopy-1']
const settings = { DRAIN_NOTICE_MS: node.environment.DRAIN_NOTICE_MS, PUBLIC_URL: 'http://news.example' }
/** What answers under way are given when the listener is closed. */
const answerMsMax = 10_000

const transports: readonly TransportName[] = [
  'stock socket',
  'websocket only',
  'long polling only',
  'event stream',
  'library by socket',
  'library by event stream',
]

test('a node that stops gives the proxy time to find out, and is done before it would be killed', async () => {
  const proxy = await readFile(proxyConfig, 'utf8')
  const found = /inter (\d+)s fastinter (\d+)ms .*fall 2 /.exec(proxy)
  assert.ok(found, 'the checks are as they are reckoned here')
  const noticeMs = Number(settings.DRAIN_NOTICE_MS)
  // The first check that fails may come an interval later, the second after the fast one.
  assert.ok(noticeMs >= 2 * (Number(found[1]) * 1_000 + Number(found[2])))
  const graceMs = Number(/^(\d+)s$/.exec(node.stop_grace_period)?.[1]) * 1_000
  assert.ok(graceMs > noticeMs + 2 * drainSpreadMsMax + answerMsMax)
})

async function restart(
  t: TestContext,
  { name, url, process }: ServerProcess,
  redisUrl: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const exit = once(process, 'exit')
  process.kill('SIGTERM')
  assert.deepEqual(await exit, [0, null])
  await startNode(t, name, redisUrl, { ...settings, PORT: new URL(url).port })
}

const restarted = { skip: proxyProgram === undefined && 'needs HAProxy', timeout: testMsMax, concurrency: true }

// At the same time, since both mostly wait until the proxy has found out.
test(
  'two nodes are restarted one after the other: no publish is refused, and no follower is short',
  restarted,
  async (t) => {
    await Promise.all([
      t.test('of one process each', (st) => restartBoth(st, settings)),
      t.test('of two workers each', (st) => restartBoth(st, { ...settings, WORKERS: '2' })),
    ])
  },
)

async function restartBoth(t: TestContext, settings: Readonly<Record<string, string>>): Promise<void> {
  const redisUrl = await startRedis(t)
  const nodes = await Promise.all(
    ['wirecopy-1', 'wirecopy-2'].map(async (name) =>
      startNode(t, name, redisUrl, { ...settings, PORT: String(await freePort()) }),
    ),
  )
  const [one, two] = nodes
  assert.ok(one !== undefined && two !== undefined)
  const url = await startProxy(t, one.url, two.url)
  for (const { name } of nodes) await proxyUses(url, name)
  const newsroom = await new Newsroom({ url }).open()
  const followers = await Promise.all(
    [...transports, ...transports].map((transport) => followFresh(t, { url }, newsroom.channel, transport)),
  )
  // Each publish must be answered with 201, or this fails.
  await publishDuring([newsroom], async () => {
    for (const stopped of nodes) {
      await restart(t, stopped, redisUrl, settings)
      await proxyUses(url, stopped.name)
    }
  })
  await Promise.all(followers.map((follower) => follower.assertWhole(newsroom)))
  for (const [i, { beginnings }] of followers.entries()) {
    // A library comes back unseen by those who use it.
    const stock = !transports[i % transports.length]?.startsWith('library')
    if (stock) assert.ok(beginnings.length > 1, 'it came back at least once')
    assert.ok(
      beginnings.slice(1).every((how) => how === 'batch'),
      beginnings.join(),
    )
  }
}
