import { connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/**
 * What happens to a connection:
 * - `pass`: nothing
 * - `refuse`: it is cut at once
 * - `bad-gateway`: it is answered 502, as by a proxy that finds no server
 * - `hang`: it is accepted, and never answered until `release`
 * - `swallow`: the head of the answer comes, and nothing of what follows it
 * - `cut-compressed`: a websocket is cut in place of the first compressed frame
 */
export type Treatment = 'pass' | 'refuse' | 'bad-gateway' | 'hang' | 'swallow' | 'cut-compressed'

export interface HostileProxy {
  readonly url: string
  /** Paths that were asked for, in order, with their parameters. */
  readonly asked: string[]
  /** Which of them are still open. */
  readonly open: () => readonly string[]
  /** From now on connections are treated so, by their path. Those that are open stay as they are. */
  treat(by: (path: string) => Treatment): void
  /** Lets those hanging connections go through whose path begins so. */
  release(prefix: string): void
  /** Cuts those connections whose path begins so. */
  cut(prefix: string): void
  /** From now on nothing passes either way, on no connection, and nobody is told: a line that dies silently. */
  freeze(): void
  /** Everything passes again, what was held back first. */
  thaw(): void
  /** Resolves when a client has asked for a path that fits, now or before. */
  askedFor(path: RegExp): Promise<void>
  /** Resolves when no connection is open whose path begins so. */
  closed(prefix: string): Promise<void>
}

const badGateway = 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

interface Connection {
  readonly path: string
  readonly outer: Socket
  go(): void
}

/** A proxy on loopback before the server, which does to connections what networks do. Each carries one request. */
export async function openHostileProxy(t: TestContext, target: string): Promise<HostileProxy> {
  const { hostname, port: targetPort } = new URL(target)
  let treatment: (path: string) => Treatment = () => 'pass'
  const asked: string[] = []
  const connections = new Set<Connection>()
  const sockets = new Set<Socket>()
  const waiting = new Set<() => void>()
  let held: (() => void)[] | null = null
  const pass = (what: () => void) => {
    if (held === null) what()
    else held.push(what)
  }
  const changed = () => {
    for (const ask of waiting) ask()
  }
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const ask = () => {
        if (!holds()) return
        waiting.delete(ask)
        resolve()
      }
      waiting.add(ask)
      ask()
    })
  const track = (socket: Socket, other?: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      other?.destroy()
    })
  }

  const take = (outer: Socket, head: string, rest: Buffer) => {
    const path = head.split(' ', 2)[1] ?? ''
    const how = treatment(path)
    const go = () => {
      if (outer.destroyed) return
      const inner = connect({ host: hostname, port: Number(targetPort) })
      track(inner, outer)
      outer.on('close', () => inner.destroy())
      // One request a connection, so that a treatment is of that request alone.
      inner.write(
        /^upgrade:/im.test(head)
          ? head
          : head.replace(/\r\nconnection:[^\r]*/i, '').replace('\r\n', '\r\nConnection: close\r\n'),
      )
      inner.write(rest)
      outer.on('data', (chunk) => pass(() => inner.write(chunk)))
      outer.on('end', () => pass(() => inner.end()))
      const answer = answerTo(outer, inner, how)
      inner.on('data', (chunk) => pass(() => answer(chunk)))
      inner.on('end', () => pass(() => outer.end()))
    }
    const connection = { path, outer, go }
    asked.push(path)
    connections.add(connection)
    outer.on('close', () => {
      connections.delete(connection)
      changed()
    })
    if (how === 'refuse') outer.destroy()
    else if (how === 'bad-gateway') outer.end(badGateway)
    else if (how !== 'hang') pass(go)
    changed()
  }

  const server = createServer((outer) => {
    track(outer)
    let got = Buffer.alloc(0)
    const read = (chunk: Buffer) => {
      got = Buffer.concat([got, chunk])
      const end = got.indexOf('\r\n\r\n')
      if (end < 0) return
      outer.off('data', read)
      outer.pause()
      take(outer, got.subarray(0, end + 4).toString('latin1'), got.subarray(end + 4))
      outer.resume()
    }
    outer.on('data', read)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const those = (prefix: string) => [...connections].filter(({ path }) => path.startsWith(prefix))
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    open: () => [...connections].map(({ path }) => path),
    treat: (by) => {
      treatment = by
    },
    release: (prefix) => {
      for (const connection of those(prefix)) connection.go()
    },
    cut: (prefix) => {
      for (const { outer } of those(prefix)) outer.destroy()
    },
    freeze: () => {
      held ??= []
    },
    thaw: () => {
      const waiting = held ?? []
      held = null
      for (const what of waiting) what()
    },
    askedFor: (path) => until(() => asked.some((one) => path.test(one))),
    closed: (prefix) => until(() => those(prefix).length === 0),
  }
}

/** Hands on what the server says, as far as the treatment lets it. */
function answerTo(outer: Socket, inner: Socket, how: Treatment): (chunk: Buffer) => void {
  if (how !== 'swallow' && how !== 'cut-compressed') {
    return (chunk) => {
      outer.write(chunk)
    }
  }
  let head = Buffer.alloc(0)
  let frames: ((chunk: Buffer) => void) | null = null
  return (chunk) => {
    if (frames !== null) return frames(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    outer.write(head.subarray(0, end + 4))
    frames = how === 'swallow' ? () => {} : untilCompressed(outer, inner)
    frames(head.subarray(end + 4))
  }
}

const rsv1 = 0x40

/** Hands on whole frames of a server, which are not masked (RFC 6455, 5.2), up to the first compressed one. */
function untilCompressed(outer: Socket, inner: Socket): (chunk: Buffer) => void {
  let got = Buffer.alloc(0)
  return (chunk) => {
    got = Buffer.concat([got, chunk])
    while (got.length >= 2) {
      if ((got.readUInt8(0) & rsv1) !== 0) {
        inner.destroy()
        outer.destroy()
        return
      }
      const short = got.readUInt8(1) & 0x7f
      const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10
      if (got.length < headBytes) return
      const payload = short < 126 ? short : short === 126 ? got.readUInt16BE(2) : Number(got.readBigUInt64BE(2))
      if (got.length < headBytes + payload) return
      outer.write(got.subarray(0, headBytes + payload))
      got = got.subarray(headBytes + payload)
    }
  }
}
