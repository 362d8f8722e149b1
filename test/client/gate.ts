import { type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'

export interface Gate {
  readonly url: string
  /** Paths that came through or were refused, in order. */
  readonly asked: string[]
  /** From now on, paths that begin with one of these are cut off; `/` refuses all. Connections that are open stay. */
  refuse(...prefixes: string[]): void
  /** Where the gate leads. */
  lead(url: string): void
  /** Cuts every connection that is open. */
  cut(): void
}

/** A proxy on loopback before the server, which lets through, refuses and cuts as the test says. */
export async function openGate(t: TestContext, target: string): Promise<Gate> {
  let to = new URL(target)
  let refused: readonly string[] = []
  const asked: string[] = []
  const sockets = new Set<Socket>()

  const passes = (incoming: IncomingMessage) => {
    asked.push(incoming.url ?? '')
    return !refused.some((prefix) => incoming.url?.startsWith(prefix))
  }
  const onward = (incoming: IncomingMessage): ClientRequest =>
    request({
      host: to.hostname,
      port: to.port,
      path: incoming.url,
      method: incoming.method,
      headers: incoming.headers,
      agent: false,
    })

  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (!passes(incoming)) return incoming.socket.destroy()
    const inner = onward(incoming)
    inner.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
      answer.on('error', () => outgoing.destroy())
    })
    inner.on('error', () => outgoing.destroy())
    outgoing.on('close', () => inner.destroy())
    return incoming.pipe(inner)
  })

  server.on('upgrade', (incoming: IncomingMessage, outer: Duplex, head: Buffer) => {
    if (!passes(incoming)) return outer.destroy()
    const inner = onward(incoming)
    inner.on('upgrade', (answer, socket, innerHead) => {
      // The raw headers are names and values by turns.
      const headers = answer.rawHeaders.map((word, i) => (i % 2 === 0 ? `${word}: ` : `${word}\r\n`))
      outer.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join('')}\r\n`)
      socket.unshift(innerHead)
      socket.pipe(outer).pipe(socket)
      for (const [one, other] of [
        [socket, outer],
        [outer, socket],
      ] as const) {
        one.on('error', () => other.destroy())
        one.on('close', () => other.destroy())
      }
    })
    inner.on('error', () => outer.destroy())
    inner.on('response', () => outer.destroy())
    return inner.end(head)
  })

  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    cut()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    refuse: (...prefixes) => {
      refused = prefixes
    },
    lead: (url) => {
      to = new URL(url)
    },
    cut,
  }
}
