import { type DisconnectDescription, io, type Socket } from 'socket.io-client'
import type { ClientToServer, FollowAnswer, ServerToClient, socketPath } from '../wire/events.ts'
import type { Problem } from '../wire/problem.ts'
import type { ChannelId } from '../wire/scalars.ts'
import { CompressionTrial } from './compression.ts'
import { startDeadline } from './deadline.ts'
import { asFeedError, FeedError } from './failure.ts'
import type { Line, LineContext } from './line.ts'
import { SocketWatch } from './socket-watch.ts'

// The type keeps it the same as the server's; its value is not imported, since that would bring zod with it.
const path: typeof socketPath = '/socket.io/'

/**
 * Socket.IO over websocket alone: where that does not pass, SSE is the better second choice than Socket.IO's own long
 * polling. Reconnection is off, since the feed decides when and over what to connect again.
 */
export function openSocketLine(context: LineContext): Line {
  const { base, channel, timing } = context
  const trial = new CompressionTrial(context.compression)
  const socket: Socket<ServerToClient, ClientToServer> = io(base.origin, {
    path: base.pathname.replace(/\/$/, '') + path,
    query: trial.query,
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    timeout: timing.openTimeoutMs,
  })
  let over = false
  // An answer to an earlier question says less than the one to come.
  let asked = 0
  let stopWaiting = () => {}
  let watch: SocketWatch | null = null

  const close = () => {
    over = true
    stopWaiting()
    watch?.stop()
    socket.off()
    socket.disconnect()
  }
  const lose = (error: FeedError) => {
    if (over) return
    close()
    context.tell({ kind: 'lost', error })
  }
  const loseFor = (why: string) => lose(asFeedError('socket', new Error(why)))

  const takeAnswer = (answer: FollowAnswer) => {
    if (!answer.ok) return lose(new FeedError(answer.error, { retryAfterMs: retryAfterOf(answer.error) }))
    if ('batch' in answer) context.tell({ kind: 'batch', batch: answer.batch, answers: true })
    else context.tell({ kind: 'snapshot', snapshot: answer.snapshot, reason: answer.reset })
    if (!over) context.tell({ kind: 'caught-up' })
  }

  const follow = () => {
    const question = ++asked
    const after = context.cursor()
    const request = { channel: channel as ChannelId, ...(after === null ? {} : { after }) }
    stopWaiting()
    stopWaiting = startDeadline(timing.answerTimeoutMs, () => loseFor('the server did not answer in time'))
    socket.emit('follow', request, (answer) => {
      if (over || question !== asked) return
      stopWaiting()
      takeAnswer(answer)
    })
  }

  socket.io.engine.on('data', (message) => trial.took(message))
  socket.on('connect', () => {
    trial.opened(extensionsOf(socket))
    watch = new SocketWatch({
      timing,
      ask: () => socket.emit('echo', () => {}),
      dead: () => loseFor('the connection went silent'),
    })
    // Packets of every kind, the pings of Engine.IO too.
    socket.io.engine.on('packet', () => watch?.heard())
    context.tell({ kind: 'opened' })
    if (!over) follow()
  })
  socket.on('batch', (batch) => {
    if (batch.channel === channel) context.tell({ kind: 'batch', batch, answers: false })
  })
  socket.on('steer', (steer) => context.tell({ kind: 'steer', steer }))
  socket.on('disconnect', (reason, details) => {
    if (isAbrupt(reason, details)) trial.cut()
    loseFor(reason)
  })
  socket.on('connect_error', (error: Error & { data?: unknown }) => lose(refusal(error)))

  return { transport: 'socket', refollow: follow, close }
}

/** The extensions that were agreed on, as the browser tells them; undefined if it does not. */
function extensionsOf(socket: Socket): string | undefined {
  // Engine.IO has the websocket in a member that its types keep private.
  const { transport } = socket.io.engine as unknown as { transport?: { ws?: { extensions?: unknown } | null } }
  const extensions = transport?.ws?.extensions
  return typeof extensions === 'string' ? extensions : undefined
}

/** Ends of a websocket without a farewell, or because a frame could not be read (RFC 6455, 7.4.1). */
const abruptCodes: readonly unknown[] = [1002, 1006, 1007]

function isAbrupt(reason: Socket.DisconnectReason, details: DisconnectDescription | undefined): boolean {
  if (reason === 'transport error') return true
  if (reason !== 'transport close' || details === undefined || !('context' in details)) return false
  const { context } = details
  return typeof context === 'object' && context !== null && 'code' in context && abruptCodes.includes(context.code)
}

/** A server that refuses a connection says why in the error's data. */
function refusal(error: Error & { data?: unknown }): FeedError {
  const { data } = error
  if (typeof data === 'object' && data !== null && 'code' in data && 'status' in data && 'detail' in data) {
    const problem = data as Problem
    return new FeedError(problem, { retryAfterMs: retryAfterOf(problem) })
  }
  return asFeedError('socket', error)
}

/** A refusal over a socket has no headers, so it says how long to wait in a member of the problem. */
function retryAfterOf(problem: Problem): number | undefined {
  const { retryAfterMs } = problem
  return typeof retryAfterMs === 'number' ? retryAfterMs : undefined
}
