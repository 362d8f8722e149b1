import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Abuse, Found, Scale } from './abuse.ts'
import type { Scene } from './scene.ts'
import { closes, open, readUntil, socketPath } from './wire.ts'

const bundle = '/docs/static/swagger-ui-bundle.js'
/** An answer that nobody reads ends its connection within 30 s; it is looked at a while after that. */
const holdMs = 45_000
/** Files that a node may open meanwhile for what else it does. */
const filesOfOthersMax = 16
/** A request that is to be answered at once is given so long. */
const answerMsMax = 30_000
/** A node that is told to stop ends within 10 s (README); it is given up long after that. */
const stopMsMax = 45_000

async function makePosts(scene: Scene, posts: number, chars: number): Promise<void> {
  await scene.openLarge()
  await scene.fill(scene.large, posts, chars)
}

async function pipelines(scene: Scene, connections: number, requests: number, path: string): Promise<Found> {
  const { inputs } = await scene.attack('pipeline', { connections, requests, path })
  await scene.watch.rest()
  return { inputs, zeros: {} }
}

/** Connections that ask by HTTP for more than they read, or for what is not there. */
export const httpAbuses: readonly Abuse[] = [
  {
    name: 'pipelined pages, 1 connection',
    prepare: (scene) => makePosts(scene, 30, 10_000),
    run: (scene, scale) => pipelines(scene, 1, scale === 'full' ? 1_500 : 400, `/c/${scene.large}`),
  },
  {
    name: 'pipelined pages, 8 connections',
    prepare: (scene) => makePosts(scene, 30, 10_000),
    run: (scene, scale) => pipelines(scene, 8, scale === 'full' ? 1_500 : 60, `/c/${scene.large}`),
  },
  {
    name: 'pipelined bundles',
    run: (scene, scale) => pipelines(scene, 3, scale === 'full' ? 1_000 : 200, bundle),
  },
  {
    name: 'answers that nobody reads',
    lingers: true,
    // What the system has taken to send is answered: such a connection is kept for as long as any other that is idle.
    env: { KEEP_ALIVE_MS: '5000' },
    // 64 MiB of them may wait and as many be kept for others, as text and as objects, and they are files while they are
    // open. A machine that is busy collects what is let go later.
    bounds: (scale) => ({
      rssGrowthMbMax: 64 + 64 + 192,
      heldGrowthMbMax: 64 + 64 + 16,
      filesGrowthMax: stalledOf(scale) + 64,
    }),
    prepare: (scene) => makePosts(scene, 15, 60_000),
    run: async (scene, scale) => {
      const before = scene.watch.files()
      const options = { connections: stalledOf(scale), path: `/c/${scene.large}` }
      const { inputs } = await scene.attack('stalled', { ...options, holdMs: scale === 'full' ? holdMs : 0 })
      await scene.watch.rest()
      // By the node's own files: who reads nothing does not notice that its connection has been ended.
      const left = Math.max(0, scene.watch.files() - before - filesOfOthersMax)
      return { inputs, zeros: scale === 'full' ? { 'connections left open': left } : {} }
    },
  },
  {
    name: 'upgrades to what we are not',
    run: foreignUpgrades,
    afterwards: async (scene) => {
      const startedMs = performance.now()
      await Promise.race([scene.node.end('SIGTERM'), delay(stopMsMax, undefined, { ref: false })])
      const ended = !scene.node.runs
      return { 'SIGTERM did not end it': ended && performance.now() - startedMs < stopMsMax ? 0 : 1 }
    },
  },
  { name: 'offers to upgrade', run: offers },
  { name: 'a header of 8 KB of spaces', run: spaces },
  {
    name: 'ever other pages',
    // Only in the long run does an index beside what is kept show above the collector's own ups and downs.
    fullOnly: true,
    bounds: () => ({ rssGrowthMbMax: 160, heldGrowthMbMax: 24 }),
    prepare: async (scene) => {
      await makePosts(scene, 1, 30_000)
      await fillKept(scene)
    },
    run: async (scene) => {
      const count = 200_000
      const path = `/v1/channels/${scene.channel}/posts?limit=1&before=0#`
      const { inputs } = await scene.attack('reads', { path, from: 2_000_000, count })
      await fillKept(scene)
      return { inputs, zeros: {} }
    },
  },
]

function stalledOf(scale: Scale): number {
  return scale === 'full' ? 1_000 : 200
}

/** Fills what is kept of answers, 64 MiB, with large ones, so that no other is kept. */
async function fillKept(scene: Scene): Promise<void> {
  const path = `/v1/channels/${scene.large}/posts?limit=1&before=#`
  await scene.attack('reads', { path, from: 1_000_000, count: 1_300 })
}

/** How long the node may take to end a connection that its client has half closed, before the client does. */
const halfClosedMsMax = 20
const endings = ['a byte more', 'half closed', 'reset'] as const

/** Each is asked on a connection on which something has been answered already. */
async function foreignUpgrades(scene: Scene, scale: Scale): Promise<Found> {
  const count = scale === 'full' ? 300 : 100
  for (const ending of endings) {
    for (let i = 0; i < count; i++) {
      const socket = await open(scene.port)
      socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await readUntil(socket, '"live"')
      socket.write('GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n')
      if (ending === 'half closed') {
        socket.end()
        // One that was never answered would wait here for ever.
        await closes(socket, halfClosedMsMax)
      } else {
        socket.write('x')
        await delay(1)
      }
      if (ending === 'reset') socket.resetAndDestroy()
      else socket.destroy()
    }
  }
  return { inputs: count * endings.length, zeros: {} }
}

const offered: readonly (readonly string[])[] = [
  ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
  ['Connection: Upgrade', 'Upgrade: TLS/1.2'],
  ['Connection: Upgrade', 'Upgrade: foo'],
  ['Connection: keep-alive, Upgrade', 'Upgrade: websocket'],
]
/** A request for a websocket that lacks the one header that makes it an offer (RFC 9110, 7.8). */
const notOffered: readonly (readonly string[])[] = [[], ['Connection: close'], ['Connection: keep-alive']]

async function offers(scene: Scene): Promise<Found> {
  let inputs = 0
  let unanswered = 0
  for (const lines of offered) {
    for (const path of ['/health/live', `/c/${scene.channel}`, `/v1/channels/${scene.channel}`]) {
      inputs++
      if (!(await answerTo(scene, path, lines)).startsWith('HTTP/1.1 200 ')) unanswered++
    }
  }
  let switched = 0
  for (const lines of notOffered) {
    inputs++
    const key = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']
    const answer = await answerTo(scene, `${socketPath}websocket`, [...lines, ...key])
    if (answer.startsWith('HTTP/1.1 101 ')) switched++
  }
  return { inputs, zeros: { 'not answered': unanswered, 'switched without an offer': switched } }
}

/** The beginning of the answer; empty if none comes. */
async function answerTo({ port }: Scene, path: string, lines: readonly string[]): Promise<string> {
  const socket: Socket = await open(port)
  socket.write([`GET ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n'))
  const late = setTimeout(() => socket.destroy(), answerMsMax)
  const text = await readUntil(socket, '\r\n\r\n')
  clearTimeout(late)
  socket.destroy()
  return text
}

/** What is hostile may cost so many times as much processor time as what is as long and harmless. */
const costRatioMax = 4
/** Both cost little; below this the ratio says nothing. */
const costMsMin = 100

async function spaces(scene: Scene, scale: Scale): Promise<Found> {
  const count = scale === 'full' ? 1_000 : 200
  const cost = async (filler: ' ' | 'x') => {
    const startedMs = scene.watch.cpuMs
    await scene.attack('hostileHeads', { count, filler })
    return scene.watch.cpuMs - startedMs
  }
  const harmlessMs = await cost('x')
  const hostileMs = await cost(' ')
  const dear = hostileMs > costRatioMax * Math.max(harmlessMs, costMsMin) ? count : 0
  return {
    inputs: count,
    zeros: { 'heads that cost too much': dear },
    told: { 'CPU ms each': (hostileMs / count).toFixed(2), 'of an ordinary one': (harmlessMs / count).toFixed(2) },
  }
}
