import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** A TCP connection to the server, on which the test says what it likes. */
export class RawConnection {
  readonly socket: Socket
  #heard = ''
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      this.#heard += chunk.toString('latin1')
      this.#wake()
    })
    socket.on('close', () => this.#wake())
  }

  static async open(t: TestContext, url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url)
    const socket = createConnection({ host: hostname, port: Number(port) })
    t.after(() => socket.destroy())
    const connection = new RawConnection(socket)
    await once(socket, 'connect')
    return connection
  }

  get heard(): string {
    return this.#heard
  }

  say(text: string | Buffer): void {
    this.socket.write(text)
  }

  /** Writes as fast as the other side takes it, until it has taken all or the connection is closed. */
  async sayAll(chunk: Buffer, times: number): Promise<void> {
    for (let i = 0; i < times && !this.socket.destroyed; i++) {
      if (this.socket.write(chunk)) continue
      await Promise.race([new Promise((resolve) => this.socket.once('drain', resolve)), this.closed()])
    }
  }

  /** What was heard, once it matches. Throws if the connection closes before. */
  async hears(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#heard)) {
      if (this.socket.destroyed) throw new Error(`closed before ${pattern}: ${this.#heard}`)
      await new Promise<void>((wake) => {
        this.#wake = wake
      })
    }
    return this.#heard
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await new Promise((resolve) => this.socket.once('close', resolve))
  }
}

/** The request for a websocket, or for what a session goes on by. */
export function upgradeText(url: string, query = '', more: readonly string[] = []): string {
  return [
    `GET /socket.io/?EIO=4&transport=websocket${query} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...more,
    '\r\n',
  ].join('\r\n')
}

/** A frame that a server sent: whole, and not masked. */
export interface ServerFrame {
  readonly opcode: number
  readonly text: string
}

/** The frames of a server behind the head of its answer (RFC 6455, 5.2), by what a raw connection has heard. */
export function framesIn(heard: string): ServerFrame[] {
  const bytes = Buffer.from(heard.slice(heard.indexOf('\r\n\r\n') + 4), 'latin1')
  const frames: ServerFrame[] = []
  for (let at = 0; at < bytes.length; ) {
    const short = bytes.readUInt8(at + 1)
    const header = short < 126 ? 2 : short === 126 ? 4 : 10
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    const start = at + header
    if (start + length > bytes.length) throw new Error('the last frame is not whole')
    frames.push({ opcode: bytes.readUInt8(at) & 0x0f, text: bytes.toString('utf8', start, start + length) })
    at = start + length
  }
  return frames
}

/** A frame of a client, masked with zeros (RFC 6455, 5.3). */
export function maskedFrame(first: number, payload: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(payload)
  const { length } = bytes
  const header = length < 126 ? [first, 0x80 | length] : [first, 0x80 | 126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([...header, 0, 0, 0, 0]), bytes])
}
