import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A socket that takes nothing for so long is given up. */
const stalledMs = 10_000
const headEnd = '\r\n\r\n'
export const socketPath = '/socket.io/?EIO=4&transport='

/** Opens a bare connection. Whatever its end is, nothing is thrown. */
export async function open(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress })
  socket.on('error', () => undefined)
  socket.setNoDelay(true)
  await once(socket, 'connect')
  return socket
}

/** Writes all chunks, as fast as they are taken. False if the other side has closed, or takes nothing any more. */
export async function pour(socket: Socket, chunks: Iterable<Buffer | string>): Promise<boolean> {
  for (const chunk of chunks) {
    if (!socket.writable) return false
    if (!socket.write(chunk) && !(await drained(socket))) return false
  }
  return socket.writable
}

export function* repeated(chunk: Buffer | string, times: number): Generator<Buffer | string> {
  for (let i = 0; i < times; i++) yield chunk
}

function drained(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    let written = socket.bytesWritten
    const end = (result: boolean) => {
      clearInterval(timer)
      socket.removeListener('drain', onDrain)
      socket.removeListener('close', onClose)
      resolve(result)
    }
    const onDrain = () => end(true)
    const onClose = () => end(false)
    const timer = setInterval(() => {
      const taken = socket.bytesWritten - socket.writableLength
      if (taken === written) end(false)
      written = taken
    }, stalledMs)
    socket.once('drain', onDrain)
    socket.once('close', onClose)
  })
}

/** Whether the connection has closed, or does so within the time. What has come by then is read, and dropped. */
export async function closes(socket: Socket, msMax = Number.POSITIVE_INFINITY): Promise<boolean> {
  if (socket.closed) return true
  socket.resume()
  return await new Promise((resolve) => {
    const late = Number.isFinite(msMax) ? setTimeout(() => resolve(false), msMax) : undefined
    socket.once('close', () => {
      clearTimeout(late)
      resolve(true)
    })
  })
}

/** Reads until the text has come, and returns all that came by then; what has come if the connection closes. */
export function readUntil(socket: Socket, end: string): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const onData = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (text.includes(end)) finish()
    }
    const finish = () => {
      socket.removeListener('data', onData)
      socket.removeListener('close', finish)
      socket.pause()
      resolve(text)
    }
    socket.on('data', onData)
    socket.once('close', finish)
    socket.resume()
  })
}

export function upgradeHead(path: string, more: readonly string[] = []): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...more,
    headEnd.slice(2),
  ].join('\r\n')
}

/** A frame of a client with a mask of zeros (RFC 6455, 5.3). */
export function clientFrame(first: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload)
  const { length } = bytes
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([first, ...size, 0, 0, 0, 0]), bytes])
}

export const whole = { text: 0x81, ping: 0x89 } as const
/** A text frame and a continuation that don't end their message. */
export const unended = { text: 0x01, continuation: 0x00 } as const

export type Transport = 'websocket' | 'upgraded'

/** Opens a websocket: at once, or as the upgrade of a client that began by long polling. It reads nothing from then on. */
export async function openWebsocket(port: number, transport: Transport, localAddress?: string): Promise<Socket> {
  if (transport === 'websocket') {
    const socket = await open(port, localAddress)
    socket.write(upgradeHead(`${socketPath}websocket`))
    await readUntil(socket, '40{')
    return socket
  }
  const session = await PollingSession.open(port)
  const socket = await open(port, localAddress)
  socket.write(upgradeHead(`${socketPath}websocket&sid=${session.sid}`))
  await readUntil(socket, headEnd)
  socket.write(clientFrame(whole.text, '2probe'))
  await readUntil(socket, '3probe')
  socket.write(clientFrame(whole.text, '5'))
  socket.write(clientFrame(whole.text, '40'))
  await readUntil(socket, '40{')
  return socket
}

/** A client of Engine.IO's long polling, below Socket.IO. */
export class PollingSession {
  readonly sid: string
  readonly #url: string

  private constructor(url: string, sid: string) {
    this.#url = url
    this.sid = sid
  }

  static async open(port: number, headers: Readonly<Record<string, string>> = {}): Promise<PollingSession> {
    const base = `http://127.0.0.1:${port}${socketPath}polling`
    const response = await fetch(base, { headers })
    const text = await response.text()
    if (!response.ok) throw new Error(`The handshake was answered ${response.status}.`)
    const { sid }: { sid: string } = JSON.parse(text.slice(1))
    return new PollingSession(`${base}&sid=${sid}`, sid)
  }

  /** Returns the status. */
  async send(packets: string): Promise<number> {
    const response = await fetch(this.#url, { method: 'POST', body: packets })
    await response.text()
    return response.status
  }

  /** What waits for it, as it comes; null if the server no longer has the session. */
  async poll(): Promise<string | null> {
    const response = await fetch(this.#url)
    const text = await response.text()
    return response.ok ? text : null
  }

  async connect(): Promise<void> {
    await this.send('40')
    await this.poll()
  }
}
