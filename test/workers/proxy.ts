import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** A reverse proxy that keeps its connections to the node open, and sends whoever's request on whichever is free. */
export interface Proxy {
  readonly url: string
  /** The session ids that each connection to the node has carried requests of. */
  readonly carried: ReadonlyMap<Socket, ReadonlySet<string>>
}

export async function startProxy(t: TestContext, node: string): Promise<Proxy> {
  const { hostname, port } = new URL(node)
  const agent = new Agent({ keepAlive: true, scheduling: 'lifo' })
  const carried = new Map<Socket, Set<string>>()
  const open = new Set<Socket>()
  const server = createServer((asked, answer) => {
    const { method = '', url: path = '' } = asked
    // Clients of Node ask that the connection be closed; that is between them and the proxy.
    const { connection: _, ...headers } = asked.headers
    const onward = request({ hostname, port, agent, method, path, headers })
    onward.once('socket', (socket) => {
      const id = new URL(path, node).searchParams.get('sid')
      if (id !== null) carried.set(socket, (carried.get(socket) ?? new Set()).add(id))
    })
    onward.on('error', () => answer.destroy())
    onward.on('response', (got) => {
      answer.writeHead(got.statusCode ?? 502, got.rawHeaders)
      got.pipe(answer)
    })
    answer.on('close', () => {
      if (!answer.writableFinished) onward.destroy()
    })
    asked.pipe(onward)
  })
  server.on('upgrade', ({ method, url: path, rawHeaders }, client: Socket, head: Buffer) => {
    const onward = connect(Number(port), hostname)
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
    open.add(client)
    const headers = rawHeaders.map((part, i) => part + (i % 2 === 0 ? ': ' : '\r\n')).join('')
    onward.write(`${method} ${path} HTTP/1.1\r\n${headers}\r\n`)
    onward.write(head)
    client.pipe(onward).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
    for (const socket of open) socket.destroy()
    agent.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.')
  return { url: `http://127.0.0.1:${address.port}`, carried }
}
