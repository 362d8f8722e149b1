import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { type ConnectionLimits, limitConnections } from '../../src/connections/open-connections.ts'

async function startSite(t: TestContext, limits: Partial<ConnectionLimits>) {
  const refusals: string[] = []
  const server = createServer((_request, response) => response.end('it'))
  limitConnections(server, {
    inAllMax: 10,
    followersPerAddressMax: 1_000,
    trustProxy: 'off',
    refused: (reason) => void refusals.push(reason),
    ...limits,
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  /** Asks on a connection that stays open. Null if it is ended without an answer. */
  const ask = async (localAddress = '127.0.0.1'): Promise<Socket | null> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    t.after(() => socket.destroy())
    socket.on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\nHost: news.example\r\n\r\n')
    const answered = await new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true))
      socket.once('close', () => resolve(false))
    })
    return answered ? socket : null
  }
  return { server, refusals, ask }
}

test('one address can have half of all connections, and others still get in', async (t) => {
  const { refusals, ask } = await startSite(t, {})
  const first = await ask()
  assert.ok(first !== null)
  for (let i = 1; i < 5; i++) assert.ok((await ask()) !== null)
  assert.equal(await ask(), null)
  assert.deepEqual(refusals, ['address'])
  assert.ok((await ask('127.0.0.2')) !== null)
  first.destroy()
  await once(first, 'close')
  while ((await ask()) === null);
})

test('past the most there may be, connections are refused and counted', async (t) => {
  const { refusals, ask } = await startSite(t, { followersPerAddressMax: Number.POSITIVE_INFINITY })
  for (let i = 0; i < 10; i++) assert.ok((await ask()) !== null)
  assert.equal(await ask(), null)
  assert.deepEqual(refusals, ['connections'])
})

for (const trustProxy of [1, ['loopback']] as const) {
  test(`a proxy that is trusted (${String(trustProxy)}) may have all connections`, async (t) => {
    const { ask } = await startSite(t, { trustProxy })
    for (let i = 0; i < 10; i++) assert.ok((await ask()) !== null)
  })
}
