import assert from 'node:assert/strict'
import test from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Problem } from '../../src/wire/problem.ts'
import { refusals } from '../helpers/metric.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { RawConnection, upgradeText } from '../helpers/raw-connection.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

const foreign = ['https://evil.example', 'https://news.example.evil.example', 'http://news.example', 'null', '?']

type Try = (server: TestServer, channel: string, origin: string) => Promise<{ status: number; text: string }>

async function get(url: string, origin: string): Promise<{ status: number; text: string }> {
  const stop = new AbortController()
  const response = await fetch(url, { headers: { origin }, signal: stop.signal })
  if (response.status === 200) {
    stop.abort()
    return { status: 200, text: '' }
  }
  return { status: response.status, text: await response.text() }
}

const ways = (t: test.TestContext): Readonly<Record<string, Try>> => ({
  websocket: async ({ url }, _channel, origin) => {
    const connection = await RawConnection.open(t, url)
    connection.say(upgradeText(url, '', [`Origin: ${origin}`]))
    const heard = await connection.hears(/^HTTP\/1\.1 101|\}$/)
    return { status: Number(heard.slice(9, 12)), text: heard.slice(heard.indexOf('\r\n\r\n') + 4) }
  },
  'websocket that takes a session over': async ({ url }, _channel, origin) => {
    const handshake = await (await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).text()
    const { sid }: { sid: string } = JSON.parse(handshake.slice(1))
    const connection = await RawConnection.open(t, url)
    connection.say(upgradeText(url, `&sid=${sid}`, [`Origin: ${origin}`]))
    const heard = await connection.hears(/^HTTP\/1\.1 101|\}$/)
    return { status: Number(heard.slice(9, 12)), text: heard.slice(heard.indexOf('\r\n\r\n') + 4) }
  },
  polling: async ({ url }, _channel, origin) => await get(`${url}/socket.io/?EIO=4&transport=polling`, origin),
  'event stream': async ({ url }, channel, origin) => await get(`${url}/v1/channels/${channel}/stream`, origin),
})

test('pages of sites that are not named may not follow, by whatever transport; others may', { timeout }, async (t) => {
  const server = await startServer(t, {
    CORS_ORIGINS: 'https://news.example,https://app.example',
    PUBLIC_URL: 'https://live.example/wire',
  })
  const { channel } = await new Newsroom(server).open()
  let refused = 0
  for (const [way, follow] of Object.entries(ways(t))) {
    for (const origin of foreign) {
      const { status, text } = await follow(server, channel, origin)
      assert.equal(status, 403, `${origin} by ${way}`)
      assert.equal(Problem.parse(JSON.parse(text)).code, 'foreign-origin')
      refused++
    }
    const good = ['https://news.example', 'https://app.example', 'https://live.example', server.url]
    for (const origin of good) {
      const { status } = await follow(server, channel, origin)
      assert.equal(status, way.startsWith('websocket') ? 101 : 200, `${origin} by ${way}`)
    }
  }
  assert.equal(await refusals(server, 'origin'), refused)
})

test('without that setting pages of any site may follow', { timeout }, async (t) => {
  const server = await startServer(t)
  const { channel } = await new Newsroom(server).open()
  for (const follow of Object.values(ways(t))) {
    assert.ok([101, 200].includes((await follow(server, channel, 'https://any.example')).status))
  }
})
