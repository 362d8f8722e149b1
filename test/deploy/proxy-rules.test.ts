import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { type TestContext, test } from 'node:test'
import { proxyProgram, startProxy, until } from './cluster.ts'

const options = { skip: proxyProgram === undefined && 'needs HAProxy' }

/** A bare web server in a node's place, whose health is set by hand. It answers with its name. */
interface StandIn {
  readonly url: string
  readonly requests: IncomingMessage[]
  ready: boolean
  /** It refuses what it is asked, and its proxy has not found out yet. */
  stopping: boolean
}

async function startStandIn(t: TestContext, name: string): Promise<StandIn> {
  const server = createServer((request, response) => {
    if (request.url === '/health/ready') return response.writeHead(standIn.ready ? 200 : 503).end()
    if (request.url === '/health/live') return response.end()
    standIn.requests.push(request)
    if (standIn.stopping) return response.writeHead(503).end()
    if (request.url === '/breaks') return request.socket.destroy()
    return response.end(name)
  }).listen(0, '127.0.0.1')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.')
  const standIn: StandIn = { url: `http://127.0.0.1:${address.port}`, requests: [], ready: true, stopping: false }
  return standIn
}

async function startThree(t: TestContext): Promise<{ one: StandIn; two: StandIn; url: string }> {
  const [one, two] = await Promise.all([startStandIn(t, 'wirecopy-1'), startStandIn(t, 'wirecopy-2')])
  return { one, two, url: await startProxy(t, one.url, two.url) }
}

async function text(url: string, init?: RequestInit): Promise<string> {
  return await (await fetch(url, init)).text()
}

/** Which nodes answer ten requests that name no session. */
async function answering(url: string): Promise<string[]> {
  const names = await Promise.all(Array.from({ length: 10 }, () => text(`${url}/`)))
  return [...new Set(names)].sort()
}

test('a request goes to the node that its session id names', options, async (t) => {
  const { url } = await startThree(t)
  for (const name of ['wirecopy-1', 'wirecopy-2', 'wirecopy-1', 'wirecopy-2']) {
    assert.equal(await text(`${url}/socket.io/?EIO=4&transport=polling&sid=${name}.abc`), name)
  }
})

test('a node that is not ready gets nothing new, and keeps its sessions', options, async (t) => {
  const { one, url } = await startThree(t)
  one.ready = false
  await until('the proxy knows', async () => (await answering(url)).join() === 'wirecopy-2')
  assert.equal(await text(`${url}/socket.io/?sid=wirecopy-1.abc`), 'wirecopy-1')
})

test('where no node is ready, the requests still reach those that live', options, async (t) => {
  const { one, two, url } = await startThree(t)
  one.ready = false
  await until('the proxy knows of one', async () => (await answering(url)).join() === 'wirecopy-2')
  two.ready = false
  await until('the proxy knows of both', async () => (await answering(url)).includes('wirecopy-1'))
  assert.equal(await text(`${url}/socket.io/?sid=wirecopy-2.abc`), 'wirecopy-2')
})

test('a request that broke off after it was sent is not sent again', options, async (t) => {
  const { one, two, url } = await startThree(t)
  const answer = await fetch(`${url}/breaks`, { method: 'POST', body: 'a post' })
  assert.equal(answer.status, 502)
  assert.equal(one.requests.length + two.requests.length, 1)
})

test('what a client says of its own address is replaced by the true one', options, async (t) => {
  const { one, two, url } = await startThree(t)
  await text(`${url}/`, { headers: { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'gopher' } })
  const [request] = [...one.requests, ...two.requests]
  assert.equal(request?.headers['x-forwarded-for'], '127.0.0.1')
  assert.equal(request?.headers['x-forwarded-proto'], 'http')
})

test(
  'a reader whom a node refuses since it is stopping goes to the other node; a write does not',
  options,
  async (t) => {
    const { one, two, url } = await startThree(t)
    one.stopping = true
    assert.deepEqual(await answering(url), ['wirecopy-2'])
    const writes = Array.from({ length: 10 }, () => fetch(`${url}/`, { method: 'POST', body: 'a post' }))
    const statuses = (await Promise.all(writes)).map(({ status }) => status)
    assert.deepEqual(new Set(statuses), new Set([200, 503]))
    const posts = [...one.requests, ...two.requests].filter(({ method }) => method === 'POST')
    assert.equal(posts.length, statuses.length)
  },
)

test("a node's figures are not shown to the readers", options, async (t) => {
  const { one, two, url } = await startThree(t)
  const { hostname, port } = new URL(url)
  const ways = [
    '/metrics',
    '/%6detrics',
    '/m%65trics?x',
    '/%6D%65%74%72%69%63%73',
    '/metrics?',
    '/metrics#x',
    '/metrics;x',
  ]
  for (const path of [...ways, 'http://news.example/metrics', 'http://news.example/%6detrics']) {
    const asked = get({ hostname, port, path, agent: false })
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    answer.resume()
    assert.ok([400, 404].includes(answer.statusCode ?? 0), `${path}: ${answer.statusCode}`)
  }
  assert.deepEqual([...one.requests, ...two.requests], [])
})
