import {
  clientFrame,
  closes,
  openWebsocket,
  PollingSession,
  pour,
  repeated,
  type Transport,
  unended,
  whole,
} from '../wire.ts'
import type { Attack } from './attack.ts'

/** A connection that a node has to close is given so long for it, on a slow machine too. */
const closeMsMax = 20_000
const framesPerWrite = 500

export interface FragmentsOptions {
  readonly transport: Transport
  readonly count: number
  /** In each fragment. */
  readonly bytes: 0 | 1
}

/** A message that never ends. */
export const fragments: Attack<FragmentsOptions> = async (port, { transport, count, bytes }, held) => {
  const socket = await openWebsocket(port, transport)
  held.push(socket)
  const one = clientFrame(unended.continuation, 'x'.repeat(bytes))
  const many = Buffer.concat(Array.from({ length: framesPerWrite }, () => one))
  socket.write(clientFrame(unended.text, '4'))
  await pour(socket, repeated(many, count / framesPerWrite))
  return { inputs: count, counts: { 'left open': (await closes(socket, closeMsMax)) ? 0 : 1 } }
}

const provoking = {
  ping: clientFrame(whole.ping, 'p'.repeat(125)),
  'foreign namespace': clientFrame(whole.text, '40/other,'),
  acknowledgement: clientFrame(whole.text, '437[1]'),
} as const

export interface FloodOptions {
  readonly transport: Transport
  readonly kind: keyof typeof provoking
  readonly count: number
  /** Whether the client reads what it provokes. */
  readonly reads: boolean
}

/** Frames that are answered, or cost the node something all the same, as fast as they go. */
export const flood: Attack<FloodOptions> = async (port, { transport, kind, count, reads }, held) => {
  const socket = await openWebsocket(port, transport)
  held.push(socket)
  if (reads) socket.resume()
  const many = Buffer.concat(Array.from({ length: framesPerWrite }, () => provoking[kind]))
  await pour(socket, repeated(many, count / framesPerWrite))
  return { inputs: count, counts: { 'left open': (await closes(socket, closeMsMax)) ? 0 : 1 } }
}

const packetSeparator = '\x1e'
/** One POST holds no more than the bytes that the server takes in one message. */
const packetsPerPost = 1_500

export interface UnfetchedOptions {
  readonly sessions: number
  readonly posts: number
  /** Followed as often as a connection may at once; null: packets for a namespace that there is not. */
  readonly channel: string | null
}

/** Clients that poll, send, and never fetch what they are answered. */
export const unfetched: Attack<UnfetchedOptions> = async (port, { sessions, posts, channel }) => {
  const follow = (i: number) => `42${i}${JSON.stringify(['follow', { channel }])}`
  const packets =
    channel === null
      ? Array.from({ length: packetsPerPost }, () => '40/x,')
      : Array.from({ length: 60 }, (_, i) => follow(i))
  let leftOpen = 0
  for (let i = 0; i < sessions; i++) {
    const session = await PollingSession.open(port)
    await session.connect()
    let taken = true
    for (let post = 0; taken && post < posts; post++)
      taken = (await session.send(packets.join(packetSeparator))) === 200
    if (taken) leftOpen++
  }
  return { inputs: sessions * posts * packets.length, counts: { 'left open': leftOpen } }
}

export interface NewIdsOptions {
  readonly connections: number
  /** Events that each sends: no more than a connection may send at once. */
  readonly follows: number
  readonly channel: string
}

/** Connections that follow the same channel with ever new ids, and read the answers. */
export const newIds: Attack<NewIdsOptions> = async (port, { connections, follows, channel }, held) => {
  const sockets = await Promise.all(Array.from({ length: connections }, () => openWebsocket(port, 'websocket')))
  held.push(...sockets)
  for (const socket of sockets) socket.resume()
  let id = 0
  for (let i = 0; i < follows; i++) {
    for (const socket of sockets) {
      socket.write(clientFrame(whole.text, `42${id++}${JSON.stringify(['follow', { channel }])}`))
    }
    await new Promise((resolve) => setTimeout(resolve, newIdsEveryMs))
  }
  const open = sockets.filter(({ closed }) => !closed).length
  return { inputs: connections * follows, counts: { disconnected: connections - open } }
}

/** Ten events a second are within the limits. */
const newIdsEveryMs = 100
