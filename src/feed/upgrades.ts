import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Server as WebSocketServer } from 'ws'
import { CodedError } from '../errors.ts'
import { socketPath } from '../wire/events.ts'
import { refuseHandshake } from './refuse.ts'
import type { Websockets } from './websocket/server.ts'

/**
 * Whether a request asks for what a connection can become here. Node ignores every other offer to upgrade, and has the
 * request answered as if it had none (RFC 9110, 7.8): clients of Java and curl offer HTTP/2 with any request.
 */
export function asksForWebsocket({ method, url = '', headers }: IncomingMessage): boolean {
  return method === 'GET' && url.startsWith(socketPath) && headers.upgrade?.toLowerCase() === 'websocket'
}

type Upgrade = Parameters<WebSocketServer['handleUpgrade']> extends [...infer First, unknown] ? First : never

interface UpgradeOwners {
  readonly websockets: Websockets
  /** Engine.IO, for sessions that began with long polling, and to refuse what is no good request. */
  readonly engine: { handleUpgrade(...upgrade: Upgrade): void }
  /** Why the page that asks may not follow, or null. Engine.IO asks for a new session, but not when one is taken over. */
  readonly originRefusal: (request: IncomingMessage) => CodedError | null
}

/** How long a connection may take to end after it was told to. */
const endMsMax = 2_000

/**
 * Gives every upgrade of the server to one of the two, which answers or ends it. Returns what ends the connections of the
 * second: Engine.IO says goodbye, and would wait for half a minute for a client that does not answer.
 */
export function ownUpgrades(server: Server, { websockets, engine, originRefusal }: UpgradeOwners): () => void {
  const engines = new Set<Duplex>()
  server.removeAllListeners('upgrade')
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (websockets.take(request, head)) return
    const error = protocolRefusal(request) ?? originRefusal(request)
    if (error !== null) {
      refuseHandshake(request, error)
      return
    }
    engines.add(socket)
    socket.once('close', () => engines.delete(socket))
    socket.on('error', destroy)
    engine.handleUpgrade(request, socket, head)
  })
  return () => {
    setTimeout(() => {
      for (const socket of engines) socket.destroy()
    }, endMsMax).unref()
  }
}

/**
 * Why the protocol in which a session is to begin is not served, or null. Engine.IO finds that out only after its answer
 * to the upgrade, and then writes a second answer into the websocket.
 */
function protocolRefusal({ url = '' }: IncomingMessage): CodedError | null {
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1))
  if (query.has('sid') || query.get('EIO') === '4') return null
  return new CodedError('bad-request', 'This server speaks Engine.IO 4 only, as clients of Socket.IO 3 and 4 do.')
}

function destroy(this: Duplex): void {
  this.destroy()
}
