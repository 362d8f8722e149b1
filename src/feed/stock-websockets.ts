import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { limits } from '../wire/limits.ts'
import type { Admission } from './admission.ts'
import { TokenBucket } from './token-bucket.ts'

/**
 * Makes the class of which Engine.IO has its server of websockets, for clients that began with long polling. Engine.IO
 * sees the messages of a client that has been upgraded; all other frames are bounded here.
 */
export function boundedWebsockets(admission: Pick<Admission, 'note'>): typeof WebSocketServer {
  return class extends WebSocketServer {
    constructor(options: ServerOptions) {
      super({ ...options, autoPong: false, maxFragments: limits.fragmentsPerMessageMax } as ServerOptions)
    }

    override handleUpgrade(...[request, socket, head, done]: Parameters<WebSocketServer['handleUpgrade']>): void {
      super.handleUpgrade(request, socket, head, (websocket, from) => {
        bound(websocket, admission)
        done(websocket, from)
      })
    }
  } as typeof WebSocketServer
}

/** Counts whatever comes, also while Engine.IO decides about an upgrade, and while it waits for a client's goodbye. */
function bound(websocket: WebSocket, admission: Pick<Admission, 'note'>): void {
  const messages = new TokenBucket(limits.messagesPerSecondMax, limits.messagesBurstMax, performance.now())
  const pongs = new Pongs(websocket)
  let over = false
  const isAllowed = () => {
    if (over || messages.take(performance.now())) return !over
    over = true
    admission.note('flood')
    websocket.terminate()
    return false
  }
  websocket.on('ping', (payload: Buffer) => {
    if (isAllowed() && websocket.readyState === websocket.OPEN) pongs.answer(payload)
  })
  websocket.on('pong', isAllowed)
  websocket.on('message', isAllowed)
}

/** One pong waits to be taken at most; of pings that come faster, the last is answered (RFC 6455, 5.5.3). */
class Pongs {
  readonly #websocket: WebSocket
  #sending = false
  #due: Buffer | null = null

  constructor(websocket: WebSocket) {
    this.#websocket = websocket
  }

  answer(payload: Buffer): void {
    if (this.#sending) {
      this.#due = payload
      return
    }
    this.#sending = true
    this.#websocket.pong(payload, false, () => {
      this.#sending = false
      const due = this.#due
      this.#due = null
      if (due !== null && this.#websocket.readyState === this.#websocket.OPEN) this.answer(due)
    })
  }
}
