import { get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import { follow, type Transport } from '../../src/client/index.ts'
import type { FollowAnswer } from '../../src/wire/events.ts'
import type { Witness } from './witness.ts'

/** Where a follower goes: the channel, and a node, another one each time that it is asked. */
export interface Place {
  readonly channel: string
  node(): string
}

/** An open line. It comes back by itself, by its cursor, until it is closed. */
export interface Line {
  close(): void
  /**
   * Follows the other channel too, of which it notes nothing, and stops reading. False where it is not connected. A line
   * that is lost comes back awake.
   */
  fallAsleep?(other: string): boolean
  wake?(): void
}

const retryMsMax = 1_000
const pollMs = 1_000
const answerMsMax = 10_000

/** The ways to follow. */
export const lines = {
  /** Socket.IO's protocol, spoken plainly over a websocket: what lets one process hold a thousand followers. */
  websocket: (place, witness) => again((lost) => openWebsocket(place, witness, lost)),
  'event stream': (place, witness) => again((lost) => openStream(place, witness, lost)),
  poller: (place, witness) => again((lost) => openPoller(place, witness, lost)),
  'stock websocket': (place, witness) => openStock(place, witness, 'websocket'),
  'stock polling': (place, witness) => openStock(place, witness, 'polling'),
  'library by socket': (place, witness) => openLibrary(place, witness, 'socket'),
  'library by event stream': (place, witness) => openLibrary(place, witness, 'sse'),
  'library by polling': (place, witness) => openLibrary(place, witness, 'poll'),
} as const satisfies Record<string, (place: Place, witness: Witness) => Line>

export type LineName = keyof typeof lines

/** Opens a line again, after a random wait, each time that it is lost. */
function again(open: (lost: () => void) => Line): Line {
  let closed = false
  let line: Line | null = null
  let timer: NodeJS.Timeout | undefined
  const start = () => {
    let lostAlready = false
    const lost = () => {
      if (lostAlready || closed) return
      lostAlready = true
      line?.close()
      timer = setTimeout(start, Math.random() * retryMsMax)
    }
    line = open(lost)
  }
  start()
  return {
    fallAsleep: (other) => line?.fallAsleep?.(other) === true,
    wake: () => line?.wake?.(),
    close: () => {
      closed = true
      clearTimeout(timer)
      line?.close()
    },
  }
}

const batchEvent = '42["batch",'

function openWebsocket(place: Place, witness: Witness, lost: () => void): Line {
  const url = `${place.node().replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`
  const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: answerMsMax })
  let open = true
  let askedMs = 0
  const late = setTimeout(() => socket.terminate(), answerMsMax)
  const ownBatch = `${batchEvent}{"channel":"${place.channel}"`
  socket.on('message', (data: Buffer) => {
    if (!open) return
    const packet = data.toString()
    if (packet.startsWith(ownBatch)) witness.takeText(packet.slice(batchEvent.length, -1), null)
    else if (packet === '2') socket.send('3')
    else if (packet.startsWith('0')) socket.send('40')
    else if (packet.startsWith('40')) {
      askedMs = performance.now()
      const after = witness.cursor
      socket.send(`420${JSON.stringify(['follow', { channel: place.channel, ...(after === null ? {} : { after }) }])}`)
    } else if (packet.startsWith('431')) socket.pause()
    else if (packet.startsWith('430')) {
      clearTimeout(late)
      const [answer]: [FollowAnswer] = JSON.parse(packet.slice(3))
      if (!takeAnswer(answer, witness, askedMs)) lost()
    }
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    clearTimeout(late)
    lost()
  })
  return {
    fallAsleep: (other) => {
      if (socket.readyState !== WebSocket.OPEN || witness.cursor === null) return false
      // Its answer is the last that is read.
      socket.send(`421${JSON.stringify(['follow', { channel: other }])}`)
      return true
    },
    wake: () => socket.resume(),
    close: () => {
      open = false
      socket.terminate()
    },
  }
}

/** False where the follow was refused. */
function takeAnswer(answer: FollowAnswer, witness: Witness, askedMs: number): boolean {
  if (!answer.ok) return false
  witness.takeValue('snapshot' in answer ? answer.snapshot : answer.batch, askedMs)
  return true
}

function openStream(place: Place, witness: Witness, lost: () => void): Line {
  const after = witness.cursor
  const askedMs = performance.now()
  let first = true
  let rest = ''
  const headers = after === null ? {} : { 'last-event-id': after }
  const request = get(`${place.node()}/v1/channels/${place.channel}/stream`, { agent: false, headers }, (response) => {
    response.on('error', () => undefined)
    response.on('close', lost)
    if (response.statusCode !== 200) return lost()
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      rest += chunk
      for (let end = rest.indexOf('\n\n'); end >= 0 && !request.destroyed; end = rest.indexOf('\n\n')) {
        const data = /^data: (.*)$/m.exec(rest.slice(0, end))?.[1]
        rest = rest.slice(end + 2)
        if (data === undefined) continue
        witness.takeText(data, first ? askedMs : null)
        first = false
      }
    })
  })
  request.on('error', lost)
  return { close: () => request.destroy() }
}

function openPoller(place: Place, witness: Witness, lost: () => void): Line {
  const closing = new AbortController()
  const { signal } = closing
  let begun = witness.cursor !== null
  const poll = async () => {
    const base = `${place.node()}/v1/channels/${place.channel}`
    for (;;) {
      const askedMs = performance.now()
      const url = begun ? `${base}/changes?after=${witness.cursor}` : base
      const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)]) })
      const text = await response.text()
      if (signal.aborted) return
      if (response.status === 410) begun = false
      else if (response.status !== 200) return
      else {
        witness.takeText(text, askedMs)
        begun = true
        await delay(pollMs * (0.5 + Math.random()), undefined, { signal })
      }
    }
  }
  poll()
    .catch(() => undefined)
    .finally(lost)
  return { close: () => closing.abort() }
}

/** What whoever takes the `socket.io-client` of the shelf writes. */
function openStock(place: Place, witness: Witness, transport: 'websocket' | 'polling'): Line {
  const options = { transports: [transport], forceNew: true, reconnectionDelay: 200, reconnectionDelayMax: retryMsMax }
  const socket = io(place.node(), options)
  let timer: NodeJS.Timeout | undefined
  let answered = false
  const ask = () => {
    const askedMs = performance.now()
    const after = witness.cursor
    answered = false
    socket.emit('follow', { channel: place.channel, ...(after === null ? {} : { after }) }, (answer: FollowAnswer) => {
      answered = takeAnswer(answer, witness, askedMs)
      if (!answered) timer = setTimeout(ask, Math.random() * retryMsMax)
    })
  }
  socket.on('connect', ask)
  socket.on('disconnect', () => clearTimeout(timer))
  socket.on('batch', (batch) => {
    if (answered) witness.takeValue(batch, null)
  })
  return {
    close: () => {
      clearTimeout(timer)
      socket.removeAllListeners()
      socket.disconnect()
    },
  }
}

/** A library's feed starts anew where there was no channel when it first asked: it is closed then. */
function openLibrary(place: Place, witness: Witness, transport: Transport): Line {
  return again((lost) => {
    const feed = follow(place.node(), place.channel, {
      transports: [transport],
      timing: { retryBaseMs: 200, retryCapMs: retryMsMax, pollMs, toldCapMs: 5_000 },
      onSnapshot: (snapshot) => witness.takeValue(snapshot, null),
      onBatch: (batch) => witness.takeValue(batch, null),
      onState: (state) => {
        if (state === 'closed') lost()
      },
    })
    return { close: () => feed.close() }
  })
}
