import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { waitingPerConnectionMax } from '../../src/connections/request-gate.ts'
import { waitingBytesMax } from '../../src/connections/unread-answers.ts'
import { metricOf } from '../helpers/metrics.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { folderOfProcess, startProcess } from '../helpers/nodes.ts'
import { forgetPeak, openFilesOf, peakBytesOf } from '../helpers/process-figures.ts'
import { ask } from '../workers/node.ts'

const megabyte = 1_048_576
/** What a process may take for other reasons: garbage that is not collected yet, and what is compiled meanwhile. */
const slackBytes = 256 * megabyte

async function startSite(t: TestContext, { posts, chars }: { posts: number; chars: number }) {
  const server = await startProcess(t, await folderOfProcess(), '0')
  const newsroom = await new Newsroom(server).open()
  for (let i = 0; i < posts; i++) await newsroom.publish({ body: { text: 'x'.repeat(chars) } })
  const { pid } = server.process
  assert.ok(pid !== undefined)
  const page = `/c/${newsroom.channel}`
  await (await fetch(server.url + page)).text()
  return { url: server.url, pid, page }
}

/** A connection on which nothing is read. */
async function connectSilently(t: TestContext, url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

async function write(socket: Socket, text: string): Promise<void> {
  // Once the server has ended the connection, the rest goes nowhere.
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
    socket.write(text, () => resolve())
  })
}

function requests(path: string, times: number): string {
  return `GET ${path} HTTP/1.1\r\nHost: news.example\r\n\r\n`.repeat(times)
}

test('of 1,500 requests in one write, with nothing read, few are begun, and the connection ends', {
  timeout,
}, async (t) => {
  const { url, pid, page } = await startSite(t, { posts: 20, chars: 2_000 })
  const begun = () => metricOf(url, 'wirecopy_http_request_seconds_count', { route: '/c/:channel' })
  const before = await begun()
  await forgetPeak(pid)
  const peakBefore = await peakBytesOf(pid)
  const hostile: Socket[] = []
  for (let i = 0; i < 8; i++) hostile.push(await connectSilently(t, url))
  await Promise.all(hostile.map((socket) => write(socket, requests(page, 1_500))))
  // What was begun before is under way by the time that this is answered.
  assert.equal((await fetch(url + page)).status, 200)
  const growth = (await peakBytesOf(pid)) - peakBefore
  assert.ok(growth < slackBytes, `${growth / megabyte} MB more`)
  while ((await metricOf(url, 'wirecopy_connections_ended_total', { reason: 'requests' })) < hostile.length);
  const answers = (await begun()) - before - 1
  assert.ok(answers <= hostile.length * (1 + waitingPerConnectionMax), `${answers} answers`)
})

test('the files of the API page are open once, however many requests for them wait', { timeout }, async (t) => {
  const { url, pid } = await startSite(t, { posts: 0, chars: 0 })
  const bundle = '/docs/static/swagger-ui-bundle.js'
  await (await fetch(url + bundle)).arrayBuffer()
  const before = await openFilesOf(pid)
  const hostile: Socket[] = []
  for (let i = 0; i < 3; i++) hostile.push(await connectSilently(t, url))
  await Promise.all(hostile.map((socket) => write(socket, requests(bundle, 1_000))))
  assert.equal((await fetch(url + bundle)).status, 200)
  const more = (await openFilesOf(pid)) - before
  assert.ok(more <= hostile.length + 2, `${more} more files`)
})

test('what waits for readers that stall takes no more than the stated bytes', { timeout }, async (t) => {
  const { url, pid, page } = await startSite(t, { posts: 20, chars: 50_000 })
  await forgetPeak(pid)
  const peakBefore = await peakBytesOf(pid)
  // The system takes about three megabytes of what each is sent, so it is the last answers that wait in the process.
  const stalled = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const socket = await connectSilently(t, url)
      const begun = new Promise<void>((resolve) => {
        socket.once('close', () => resolve())
        socket.once('data', () => {
          socket.pause()
          resolve()
        })
      })
      await write(socket, requests(page, 6))
      await begun
      return socket
    }),
  )
  assert.equal(stalled.length, 100)
  assert.equal((await fetch(url + page)).status, 200)
  const growth = (await peakBytesOf(pid)) - peakBefore
  assert.ok(growth < waitingBytesMax + slackBytes, `${growth / megabyte} MB more`)
  const waiting = await metricOf(url, 'wirecopy_answers_waiting_bytes')
  assert.ok(waiting <= waitingBytesMax, `${waiting} bytes wait`)
})

test('connections that say nothing can not use up the files of the process', { timeout }, async (t) => {
  const filesMax = 400
  const server = await startProcess(t, await folderOfProcess(), '0', { filesMax })
  const { pid } = server.process
  assert.ok(pid !== undefined)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  await ask(server.url, '/health/ready', { agent })
  const silent = await Promise.all(Array.from({ length: filesMax + 100 }, () => connectSilently(t, server.url)))
  // One byte each: a connection on which nothing has come may not have reached the process at all.
  for (const socket of silent) socket.write('G')
  const ended = { reason: 'connections' }
  while ((await metricOf(server.url, 'wirecopy_connections_ended_total', ended, agent)) < 100);
  const files = await openFilesOf(pid)
  assert.ok(files < filesMax - 20, `${files} of ${filesMax} files are open`)
  assert.equal((await ask(server.url, '/health/ready', { agent })).status, 200)
})
