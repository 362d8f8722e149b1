// Socket.IO as the bench runs it: node socket-io.ts <port> [<unix socket of Redis>]
//
// Its presets, but for the way by which posts come in. A follower joins the room of a channel and is answered with the
// cursor at which it starts; a POST sends its body, a batch, to the room of its channel. With a Redis, the adapter is
// that of Redis Streams.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { createAdapter } from '@socket.io/redis-streams-adapter'
import { Redis } from 'ioredis'
import { Server } from 'socket.io'

interface Batch {
  readonly channel: string
  readonly to: number
}

const [port, redisPath] = process.argv.slice(2)
const http = createServer()
const io = new Server(http, redisPath === undefined ? {} : { adapter: createAdapter(new Redis({ path: redisPath })) })
let head = 0

io.on('connection', (socket) => {
  socket.on('follow', async ({ channel }: { channel: string }, answer: (value: unknown) => void) => {
    await socket.join(channel)
    answer({ ok: true, snapshot: { cursor: `bench:${head}` } })
  })
})

async function publish(body: Batch): Promise<void> {
  if (body.channel === 'bench') head = body.to
  io.to(body.channel).emit('batch', body)
}

http.on('request', (request, response) => {
  // Engine.IO answers what is under its own path.
  if (request.url !== '/publish') return
  json(request)
    .then((body) => publish(body as Batch))
    .then(
      () => response.writeHead(201).end(),
      () => response.writeHead(400).end(),
    )
})
http.listen(Number(port), '127.0.0.1', 4_096)

// It ends with whoever holds its stdin.
process.stdin.resume().once('end', () => process.exit())
