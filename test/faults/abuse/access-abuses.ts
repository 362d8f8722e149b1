import { once } from 'node:events'
import { request } from 'node:http'
import WebSocket from 'ws'
import { freePort } from '../free-port.ts'
import type { Abuse, Found, Scale } from './abuse.ts'
import type { Scene } from './scene.ts'
import { PollingSession, socketPath } from './wire.ts'

const home = 'https://news.example'
const foreign: readonly string[] = [
  'https://evil.example',
  'null',
  'https://news.example.evil.example',
  'http://news.example',
]
/** What an address may ask in a minute without a key, and how many wrong keys of it are looked at (PROTOCOL.md). */
const readsPerMinuteMax = 1_200
const wrongKeysMax = 30
const connectionsPerAddressMax = 10
/** What the proxy appends: where the client really is. */
const appended = '203.0.113.7'

/** Who counts as whom, and who gets in. */
export const accessAbuses: readonly Abuse[] = [
  {
    name: 'forged forwarded addresses',
    env: { TRUST_PROXY: '1', RATE_LIMIT: 'on', CONNECTIONS_PER_ADDRESS_MAX: String(connectionsPerAddressMax) },
    bounds: () => ({ heldGrowthMbMax: 8 }),
    run: (scene) => forged(scene),
  },
  {
    name: 'routes without a limit',
    // So few that a slow machine asks for more within the minute, too.
    env: { RATE_LIMIT: 'on', PAGES_PER_MINUTE: '300', READS_PER_MINUTE: '300' },
    // Some answers are large, and are asked for as fast as they come.
    bounds: () => ({ rssGrowthMbMax: 160 }),
    run: (scene, scale) => unlimited(scene, scale),
  },
  {
    name: 'figures by another path',
    env: { METRICS_PORT: String(await freePort()) },
    run: (scene) => figures(scene),
  },
  {
    name: 'foreign origins',
    env: { CORS_ORIGINS: home },
    run: (scene, scale) => origins(scene, scale),
  },
]

/** A client behind a proxy that appends, which says each time that it is somebody else. */
async function forged({ port, url, channel }: Scene): Promise<Found> {
  const forwarded = (i: number, chars: number) => `10.${i >> 8}.${i & 255}.1${'0'.repeat(chars)}, ${appended}`
  const tries = readsPerMinuteMax + 100
  let passed = 0
  const startedMs = performance.now()
  for (let i = 0; i < tries; i++) {
    const status = await statusOf(`${url}/v1/channels/${channel}`, {
      'x-forwarded-for': forwarded(i, i % 2 === 0 ? 0 : 12_000),
    })
    if (status === 200) passed++
  }
  // A machine that takes more than a minute for them has let a new minute begin.
  const minutes = () => 1 + Math.floor((performance.now() - startedMs) / 60_000)
  const readsMax = readsPerMinuteMax * minutes()
  const keys = 2 * wrongKeysMax
  let lookedAt = 0
  for (let i = 0; i < keys; i++) {
    const headers = { 'x-forwarded-for': forwarded(i, 0), authorization: `Bearer wrong-key-${i}` }
    if ((await statusOf(`${url}/v1/ops/nodes`, headers)) === 401) lookedAt++
  }
  let followed = 0
  const sockets: WebSocket[] = []
  for (let i = 0; i < 2 * connectionsPerAddressMax; i++) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${socketPath}websocket`, {
      headers: { 'x-forwarded-for': forwarded(i, 0) },
    })
    sockets.push(socket)
    if (await opens(socket)) followed++
  }
  for (const socket of sockets) socket.terminate()
  return {
    inputs: tries + keys + sockets.length,
    zeros: {
      'reads beyond the limit': Math.max(0, passed - readsMax),
      'wrong keys looked at beyond the limit': Math.max(0, lookedAt - wrongKeysMax * minutes()),
      'followers beyond the limit': Math.max(0, followed - connectionsPerAddressMax),
    },
  }
}

/** More than any address has reason to ask within a minute, of one route. */
const requestsMax = 4_000

async function unlimited(scene: Scene, scale: Scale): Promise<Found> {
  const more = [`/c/${scene.channel}`, '/openapi.json', '/v1/channels', '/none']
  const routes = ['/', '/docs/', '/metrics', ...(scale === 'full' ? more : [])]
  let inputs = 0
  let without = 0
  for (const path of routes) {
    const atOnce = 100
    let limited = false
    for (let from = 0; !limited && from < requestsMax; from += atOnce) {
      const { counts } = await scene.attack('reads', { path, from, count: atOnce })
      inputs += atOnce
      limited = (counts['429'] ?? 0) > 0
    }
    if (!limited) without++
  }
  return { inputs, zeros: { 'routes without a limit': without } }
}

const hidden = [
  '/metrics',
  '/%6detrics',
  '/metrics?x',
  '/%6D%65trics',
  '//metrics',
  '/./metrics',
  '/metrics/',
  '/METRICS',
  '/x/../metrics',
]

/** The figures have a port of their own, and are on no path of the readers' port. */
async function figures({ port }: Scene): Promise<Found> {
  let out = 0
  for (const path of hidden) {
    const asked = request({ host: '127.0.0.1', port, path }).end()
    const [response] = await once(asked, 'response')
    if (Buffer.concat(await response.toArray()).includes('wirecopy_connections')) out++
  }
  return { inputs: hidden.length, zeros: { 'figures let out': out } }
}

/** Every way to follow, by a page of another site. */
async function origins(scene: Scene, scale: Scale): Promise<Found> {
  const { port, url, channel } = scene
  const repeats = scale === 'full' ? 25 : 2
  const ways: readonly ((origin: string) => Promise<boolean>)[] = [
    (origin) => opens(new WebSocket(`ws://127.0.0.1:${port}${socketPath}websocket`, { origin }), true),
    async (origin) => (await statusOf(`${url}${socketPath}polling`, { origin })) === 200,
    async (origin) => {
      // The session is one of a client that may follow.
      const { sid } = await PollingSession.open(port)
      return await opens(new WebSocket(`ws://127.0.0.1:${port}${socketPath}websocket&sid=${sid}`, { origin }), true)
    },
    async (origin) => (await statusOf(`${url}/v1/channels/${channel}/stream`, { origin })) === 200,
  ]
  let letIn = 0
  let keptOut = 0
  for (const way of ways) {
    for (const origin of foreign) {
      for (let i = 0; i < repeats; i++) if (await way(origin)) letIn++
    }
    if (!(await way(home))) keptOut++
  }
  const inputs = ways.length * (foreign.length * repeats + 1)
  return { inputs, zeros: { 'foreign origins let in': letIn, 'own origin kept out': keptOut } }
}

/** Whether the websocket opens; it is closed again if so asked. */
async function opens(socket: WebSocket, end = false): Promise<boolean> {
  const opened = await new Promise<boolean>((resolve) => {
    socket.once('open', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  if (end) socket.terminate()
  return opened
}

/** A stream's status comes before its end, which nobody waits for. */
function statusOf(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve) => {
    const asked = request(url, { headers }, (response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    asked.on('error', () => resolve(0))
    asked.end()
  })
}
