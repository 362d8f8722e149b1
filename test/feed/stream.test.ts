import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { problems } from '../../src/api/problem.ts'
import { readConfig } from '../../src/config.ts'
import { Admission } from '../../src/feed/admission.ts'
import { Hub } from '../../src/feed/hub.ts'
import { streamRoutes } from '../../src/feed/routes.ts'
import { Streams } from '../../src/feed/stream.ts'
import { makeApp } from '../../src/http.ts'
import { channelId, content, newChannel, once, openTestLog, quiet, redisForFile } from '../helpers/log.ts'
import { metric } from '../helpers/metric.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { RawConnection } from '../helpers/raw-connection.ts'
import { startServer } from '../helpers/server.ts'

const redisUrl = await redisForFile()
const heartbeatMs = 10_000

/** A stream of the channel `war`, whose heartbeats come when the test says so. */
async function streaming(t: TestContext) {
  const log = await openTestLog(t, redisUrl)
  await log.createChannel(newChannel('war'), once())
  t.mock.timers.enable({ apis: ['setInterval'] })
  const hub = new Hub(log, quiet)
  const streams = new Streams(hub)
  const config = readConfig({ RATE_LIMIT: 'off' })
  const app = makeApp(config, quiet)
  await app.register(problems)
  await streamRoutes(app, { streams, admission: new Admission(config) })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    streams.close()
    hub.close()
    await app.close()
  })
  const connection = await RawConnection.open(t, url)
  connection.say('GET /channels/war/stream HTTP/1.1\r\nHost: h\r\n\r\n')
  await connection.hears(/event: snapshot[\s\S]*\n\n/)
  return {
    connection,
    publish: (text: string) => log.publish(channelId('war'), content(text), once()),
    beat: () => t.mock.timers.tick(heartbeatMs),
  }
}

/** What came, without the head and without how HTTP cuts it into chunks. */
function bodyOf(heard: string): string {
  const bytes = Buffer.from(heard, 'latin1')
  let body = ''
  for (let at = bytes.indexOf('\r\n\r\n') + 4; at < bytes.length; ) {
    const start = bytes.indexOf('\r\n', at) + 2
    const length = Number.parseInt(bytes.toString('latin1', at, start), 16)
    body += bytes.toString('utf8', start, start + length)
    at = start + length + 2
  }
  return body
}

/** Where Python's `str.splitlines` ends a line: at more characters than a stream does. */
const lineEnds = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/

test('each block of a stream is an event with data, on what every client takes for one line', {
  timeout,
}, async (t) => {
  const { connection, publish, beat } = await streaming(t)
  beat()
  await publish('next line\u2028 paragraph\u2029 end')
  await connection.hears(/paragraph/)
  beat()
  beat()
  await publish('last')
  await connection.hears(/event: batch[\s\S]*last[\s\S]*\n\n/)

  const body = bodyOf(connection.heard)
  const [rest, ...blocks] = body.split('\n\n').reverse()
  assert.equal(rest, '')
  const lines = blocks.reverse().map((block) => block.split(lineEnds))
  const names = lines.map((block) => block.map((line) => line.split(':', 1)[0]))
  assert.deepEqual(names, [
    ['retry', 'event', 'id', 'data'],
    ['', 'event', 'id', 'data'],
    ['', '', 'event', 'id', 'data'],
  ])
  const data = lines.map((block) => JSON.parse(block.at(-1)?.slice('data: '.length) ?? ''))
  assert.equal(data[0].cursor.split(':')[1], '0')
  assert.equal(data[1].changes[0].post.headline, 'next line\u2028 paragraph\u2029 end')
  assert.equal(data[2].changes[0].post.headline, 'last')
})

test('HEAD of a stream is answered with its head at once, has no follower, and leaves the connection for more', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const connection = await RawConnection.open(t, server.url)
  const ask = (method: string, path: string) => connection.say(`${method} ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)
  ask('HEAD', `/v1/channels/${newsroom.channel}/stream`)
  const head = await connection.hears(/\r\n\r\n/)
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(head, /\r\ncontent-type: text\/event-stream; charset=utf-8\r\n/i)
  assert.doesNotMatch(head, /\r\ncontent-length:/i)
  assert.match(head, /\r\n\r\n$/)
  assert.equal(await metric(server, 'wirecopy_connections{transport="sse"}'), 0)
  ask('HEAD', '/v1/channels/nowhere/stream')
  await connection.hears(/HTTP\/1\.1 404 [\s\S]*\r\n\r\n$/)
  ask('GET', '/health/live')
  await connection.hears(/"status":"live"/)
})

test('HEAD of every address that can be read is answered, one after the other on one connection', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const { post, cursor } = await newsroom.publish({ headline: 'One' })
  const channel = `/v1/channels/${newsroom.channel}`
  const page = `/c/${newsroom.channel}`
  const html = await (await fetch(server.url + page)).text()
  const asset = /"(\/assets\/[^"]+)"/.exec(html)?.[1] ?? ''
  const site = [
    '/',
    page,
    `${page}/p/${post.id}`,
    asset,
    '/ops',
    '/docs',
    '/docs/static/swagger-ui.css',
    '/openapi.json',
  ]
  const posts = `${channel}/posts`
  const api = [
    '/v1/channels',
    channel,
    posts,
    `${posts}/${post.id}`,
    `${channel}/changes?after=${cursor}`,
    `${channel}/stream`,
  ]
  const other = ['/health/live', '/health/ready', '/metrics', '/socket.io/?EIO=4&transport=polling']
  const connection = await RawConnection.open(t, server.url)
  for (const [i, address] of [...site, ...api, ...other].entries()) {
    connection.say(`HEAD ${address} HTTP/1.1\r\nHost: h\r\n\r\n`)
    const heard = await connection.hears(new RegExp(`^(?:HTTP/1\\.1 [\\s\\S]*?\\r\\n\\r\\n){${i + 1}}`))
    const status = /HTTP\/1\.1 (\d+)/.exec(heard.slice(heard.lastIndexOf('HTTP/1.1')))?.[1]
    // Engine.IO begins a session by GET alone.
    assert.equal(status, address.startsWith('/socket.io') ? '400' : '200', address)
  }
})

test('a stream goes on from the lastEventId of a stand-in for EventSource, before the cursor that its address began with', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const newsroom = await new Newsroom(server).open()
  const { cursor: first } = await newsroom.publish({ headline: 'One' })
  const { cursor: second } = await newsroom.publish({ headline: 'Two' })
  const begins = async (query: string, header = ''): Promise<string> => {
    const connection = await RawConnection.open(t, server.url)
    const path = `/v1/channels/${newsroom.channel}/stream${query}`
    connection.say(`GET ${path} HTTP/1.1\r\nHost: h\r\n${header}\r\n`)
    const heard = await connection.hears(/data: .*\n\n|\r\n\r\n\{/)
    connection.socket.destroy()
    const [, event, from] = /event: (\w+)\nid: .*\ndata: (?:.*"from":(\d+))?/.exec(heard) ?? []
    return from === undefined ? (event ?? heard) : `${event} from ${from}`
  }
  assert.equal(await begins(`?lastEventId=${encodeURIComponent(first)}`), 'batch from 1')
  assert.equal(await begins(`?after=${first}&lastEventId=${second}`), 'batch from 2')
  assert.equal(await begins(`?lastEventId=${first}`, `Last-Event-ID: ${second}\r\n`), 'batch from 2')
  assert.equal(await begins(`?lastEventId=&after=${first}`), 'batch from 1')
  assert.equal(await begins('?lastEventId=&r=0.7&utm_source=x'), 'snapshot')
  assert.match(await begins('?lastEventId=none'), /^HTTP\/1\.1 400 [\s\S]*query\.lastEventId/)
})
