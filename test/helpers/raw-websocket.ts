import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'

/** A Socket.IO client over a bare TCP socket, so that a test can stop reading: what stock clients never do. */
export class RawSocketClient {
  readonly #socket: Socket
  #rest = Buffer.alloc(0)
  /** Bytes of messages received. */
  received = 0
  /** Told of each Socket.IO event. */
  onEvent: (name: string, value: unknown) => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  static async open(url: string): Promise<RawSocketClient> {
    const { hostname, port, host } = new URL(url)
    const socket = createConnection({ host: hostname, port: Number(port) })
    await once(socket, 'connect')
    const upgrade = [
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ]
    socket.write(`${upgrade.join('\r\n')}\r\n\r\n`)
    const client = new RawSocketClient(socket)
    const connected = new Promise<void>((resolve, reject) => {
      client.onEvent = (name) => {
        if (name === 'connect') resolve()
      }
      socket.once('close', () => reject(new Error('the server closed the connection')))
    })
    let switched = false
    socket.on('data', (chunk: Buffer) => {
      client.#rest = Buffer.concat([client.#rest, chunk])
      if (!switched) {
        const end = client.#rest.indexOf('\r\n\r\n')
        if (end < 0) return
        assert.match(client.#rest.toString('latin1', 0, end), /^HTTP\/1\.1 101 /)
        client.#rest = client.#rest.subarray(end + 4)
        switched = true
      }
      client.#takeFrames()
    })
    await connected
    return client
  }

  /** Asks to follow; the answer comes as the event `answer`. */
  follow(request: { readonly channel: string }): void {
    this.#send(`420${JSON.stringify(['follow', request])}`)
  }

  stopReading(): void {
    this.#socket.pause()
  }

  readAgain(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Frames of a server are unmasked (RFC 6455, 5.1). */
  #takeFrames(): void {
    for (;;) {
      const rest = this.#rest
      if (rest.length < 2) return
      const short = rest.readUInt8(1)
      const header = short < 126 ? 2 : short === 126 ? 4 : 10
      if (rest.length < header) return
      const length = short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2))
      if (rest.length < header + length) return
      this.#rest = rest.subarray(header + length)
      this.received += length
      this.#take(rest.toString('utf8', header, header + length))
    }
  }

  /** An Engine.IO packet (engine.io-protocol 4) and, where it is a message, the Socket.IO packet in it. */
  #take(packet: string): void {
    if (packet.startsWith('0')) this.#send('40')
    else if (packet === '2') this.#send('3')
    else if (packet.startsWith('40')) this.onEvent('connect', null)
    else if (packet.startsWith('430')) this.onEvent('answer', JSON.parse(packet.slice(3))[0])
    else if (packet.startsWith('42')) {
      const [name, value] = JSON.parse(packet.slice(2))
      this.onEvent(name, value)
    }
  }

  /** A client must mask what it sends; the mask may be zero (RFC 6455, 5.3). */
  #send(packet: string): void {
    const payload = Buffer.from(packet)
    assert.ok(payload.length < 126)
    this.#socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]))
  }
}
