import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { Server, type Socket } from 'socket.io'
import type { ClientToServer, FollowAnswer, FollowRequest, ServerToClient } from '../../src/wire/events.ts'

export type Followed = Socket<ClientToServer, ServerToClient>

export interface StandIn {
  readonly url: string
  readonly asked: FollowRequest[]
  readonly sockets: Followed[]
  /** How many connections are open. */
  readonly open: () => number
}

/**
 * A Socket.IO server that answers as a test tells it: for what the real server does seldom, or never should. `answer`
 * null leaves a follow without an answer.
 */
export async function startStandIn(
  t: TestContext,
  answer: (request: FollowRequest, socket: Followed) => FollowAnswer | null,
): Promise<StandIn> {
  const http = createServer((_, response) => response.writeHead(503).end())
  const io = new Server<ClientToServer, ServerToClient>(http)
  const asked: FollowRequest[] = []
  const sockets: Followed[] = []
  io.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('follow', (request, reply) => {
      asked.push(request)
      const told = answer(request, socket)
      if (told !== null) reply(told)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.after(() => io.close())
  const { port } = http.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked, sockets, open: () => io.engine.clientsCount }
}
