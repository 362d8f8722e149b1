import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { io, type Socket } from 'socket.io-client'
import { follow, type Transport } from '../../src/client/index.ts'
import type { Batch, Snapshot } from '../../src/wire/batch.ts'
import type { ClientToServer, ServerToClient } from '../../src/wire/events.ts'
import type { Post } from '../../src/wire/post.ts'
import { readEvents } from './event-stream.ts'

export type ClientSocket = Socket<ServerToClient, ClientToServer>

interface Place {
  readonly url: string
  readonly channel: string
}

/** Whom a connection tells what came, and asks where to go on. */
interface Told {
  /** What is held by now; null at the first start. */
  held(): Snapshot | null
  /** The answer to a follow: a snapshot (and why, where a cursor was given), or the batch past the cursor. */
  snapshot(snapshot: Snapshot, reset: string | null): void
  answer(batch: Batch): void
  /** The connection is up again where it was: no batch was due. */
  live(): void
  batch(batch: Batch): void
  failed(error: unknown): void
}

export interface Connection {
  close(): void
  readonly socket?: ClientSocket
  /** What a library keeps for its caller. */
  posts?(): readonly Post[]
}

type Open = (place: Place, told: Told) => Connection

/** The ways to follow. Each is a client as one would write it from the contract, or Wirecopy's own library. */
export const transports = {
  'stock socket': (place, told) => openSocket(io(place.url), place, told),
  'websocket only': (place, told) => openSocket(io(place.url, { transports: ['websocket'] }), place, told),
  'long polling only': (place, told) => openSocket(io(place.url, { transports: ['polling'] }), place, told),
  'event stream': openStream,
  poller: openPoller,
  'library by socket': (place, told) => openLibrary(place, told, 'socket'),
  'library by event stream': (place, told) => openLibrary(place, told, 'sse'),
  'library by polling': (place, told) => openLibrary(place, told, 'poll'),
  curl: openCurl,
} as const satisfies Record<string, Open>

export type TransportName = keyof typeof transports
export const transportNames = Object.keys(transports) as TransportName[]

/** Between two questions of a poller, and before a stream that ended is opened again. */
const pauseMs = 25

function openSocket(socket: ClientSocket, { channel }: Place, told: Told): Connection {
  let answered = false
  socket.on('connect', () => {
    answered = false
    const held = told.held()
    socket.emit('follow', { channel, ...(held === null ? {} : { after: held.cursor }) } as never, (answer) => {
      answered = true
      if (!answer.ok) told.failed(new Error(`follow was refused: ${JSON.stringify(answer.error)}`))
      else if ('snapshot' in answer) told.snapshot(answer.snapshot, answer.reset ?? null)
      else told.answer(answer.batch)
    })
  })
  socket.on('batch', (batch) => {
    if (answered) told.batch(batch)
    else told.failed(new Error('a batch came before the answer to follow'))
  })
  return { socket, close: () => socket.disconnect() }
}

function openStream({ url, channel }: Place, told: Told): Connection {
  const closing = new AbortController()
  const { signal } = closing
  repeat(signal, told, async () => {
    const held = told.held()
    const headers: Record<string, string> = held === null ? {} : { 'last-event-id': held.cursor }
    const response = await reach(`${url}/v1/channels/${channel}/stream`, { headers, signal })
    if (response?.ok !== true || response.body === null) return
    await takeEvents(response.body, told).catch(ignoreEnd)
  })
  return { close: () => closing.abort() }
}

function openCurl({ url, channel }: Place, told: Told): Connection {
  const held = told.held()
  const header = held === null ? [] : ['-H', `Last-Event-ID: ${held.cursor}`]
  const curl = spawn('curl', ['-N', '-s', ...header, `${url}/v1/channels/${channel}/stream`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  curl.once('error', (error) => told.failed(error))
  takeEvents(curl.stdout, told).catch((error: unknown) => told.failed(error))
  return { close: () => curl.kill('SIGKILL') }
}

async function takeEvents(chunks: AsyncIterable<Uint8Array>, told: Told): Promise<void> {
  let first = true
  for await (const { name, id, data } of readEvents(chunks)) {
    if (name === 'snapshot') {
      const snapshot: Snapshot = JSON.parse(data)
      if (id !== snapshot.cursor) told.failed(new Error(`the id ${id} is not the cursor ${snapshot.cursor}`))
      told.snapshot(snapshot, null)
    } else {
      const batch: Batch = JSON.parse(data)
      if (id !== `${batch.epoch}:${batch.to}`) told.failed(new Error(`the id ${id} is not where the batch ends`))
      if (first) told.answer(batch)
      else told.batch(batch)
    }
    first = false
  }
}

function openPoller({ url, channel }: Place, told: Told): Connection {
  const closing = new AbortController()
  const { signal } = closing
  const base = `${url}/v1/channels/${channel}`
  let tag: { cursor: string; etag: string } | null = null
  let answered = false
  let reset: string | null = null
  repeat(signal, told, async () => {
    const held = reset === null ? told.held() : null
    if (held === null) {
      const response = await reach(base, { signal })
      if (response?.ok === true) told.snapshot(await response.json(), reset)
      answered = true
      reset = null
      return
    }
    const headers: Record<string, string> = tag?.cursor === held.cursor ? { 'if-none-match': tag.etag } : {}
    const response = await reach(`${base}/changes?after=${held.cursor}`, { headers, signal })
    if (response?.status === 410) reset = (await response.json()).reason
    if (response?.status !== 200) return
    tag = { cursor: held.cursor, etag: response.headers.get('etag') ?? '' }
    const batch: Batch = await response.json()
    if (!answered) told.answer(batch)
    else if (batch.to > batch.from) told.batch(batch)
    answered = true
  })
  return { close: () => closing.abort() }
}

function openLibrary({ url, channel }: Place, told: Told, transport: Transport): Connection {
  const snapshot = told.held()
  const feed = follow(url, channel, {
    transports: [transport],
    timing: {
      retryBaseMs: 20,
      retryCapMs: 100,
      settleMs: 100,
      pollMs: pauseMs,
      idlePollMs: pauseMs,
      toldCapMs: pauseMs,
    },
    ...(snapshot === null ? {} : { snapshot }),
    onSnapshot: (given, why) => told.snapshot(given, why === 'start' ? null : why),
    onBatch: (batch) => told.batch(batch),
    onState: (state) => {
      if (state === 'live' || state === 'ended') told.live()
    },
  })
  return { posts: () => feed.posts, close: () => feed.close() }
}

/** Works again and again until it is aborted. */
function repeat(signal: AbortSignal, told: Told, work: () => Promise<void>): void {
  const run = async () => {
    while (!signal.aborted) {
      await work()
      await delay(pauseMs, undefined, { signal })
    }
  }
  run().catch((error: unknown) => {
    if (!signal.aborted) told.failed(error)
  })
}

/** Null where nobody answers, as while a server starts again. */
async function reach(url: string, init: RequestInit): Promise<Response | null> {
  return await fetch(url, init).catch(() => null)
}

/** A stream may end at any time; what was told before counts. */
function ignoreEnd(error: unknown): void {
  if (error instanceof Error && (error.name === 'AbortError' || error.message === 'terminated')) return
  throw error
}
