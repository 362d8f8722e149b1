import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'

const upgradeEnd = '\r\n\r\n'
/** Where a batch's offsets and its first post's headline are, at the latest. */
const headBytesMax = 600
const answerMsMax = 60_000

/**
 * A follower that costs this process as little as can be, so that two thousand of them are not what is measured: of each
 * batch it reads the offsets, and the time in the first headline, and skips the rest.
 */
export class SlowReader {
  offset = -1
  /** Batches that covered more than one change. */
  jumps = 0
  /** What it was given that it should not have been. */
  wrong: string | null = null
  /** Where it notes how long each post took; null while nothing is measured. */
  times: number[] | null = null
  /** Whether its connection has ended. */
  gone = false
  readonly #socket: Socket
  readonly #channel: string
  #onOther: (packet: string) => void = () => undefined
  #parts: Buffer[] = []
  #length = 0
  #needed = 2

  private constructor(socket: Socket, channel: string) {
    this.#socket = socket
    this.#channel = channel
  }

  /** Resolves once it follows, from the cursor where there is one. */
  static async open(url: string, channel: string, after?: string): Promise<SlowReader> {
    const { hostname, port, host } = new URL(url)
    const socket = createConnection({ host: hostname, port: Number(port) })
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    const lines = [
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ]
    socket.write(lines.join('\r\n') + upgradeEnd)
    const reader = new SlowReader(socket, channel)
    let answer = Buffer.alloc(0)
    let end = -1
    while (end < 0) {
      const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(answerMsMax) })) as [Buffer]
      answer = Buffer.concat([answer, chunk])
      end = answer.indexOf(upgradeEnd)
    }
    return await new Promise((resolve, reject) => {
      const begin = (packet: string) => {
        if (packet.startsWith('40')) reader.#send(`420${JSON.stringify(['follow', { channel, after }])}`)
        if (packet.startsWith('430')) resolve(reader)
      }
      reader.#onOther = begin
      socket.on('data', (chunk: Buffer) => reader.#take(chunk))
      socket.once('close', () => {
        reader.gone = true
        reject(new Error('The server closed the connection.'))
      })
      reader.#take(answer.subarray(end + upgradeEnd.length))
    })
  }

  /** Follows another channel as well, by which its socket is to be filled, and reads no more than the answer. */
  stopReading(other: string): void {
    this.#onOther = (packet) => {
      if (packet.startsWith('431')) this.#socket.pause()
    }
    this.#send(`421${JSON.stringify(['follow', { channel: other }])}`)
  }

  readAgain(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Frames of a server are unmasked (RFC 6455, 5.1). Chunks are put together only once a whole frame is there. */
  #take(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#parts.push(chunk)
    this.#length += chunk.length
    if (this.#length < this.#needed) return
    let rest = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts)
    for (;;) {
      this.#needed = frameLength(rest)
      if (rest.length < this.#needed) break
      this.#takeFrame(rest.subarray(0, this.#needed))
      rest = rest.subarray(this.#needed)
    }
    this.#parts = [rest]
    this.#length = rest.length
  }

  #takeFrame(frame: Buffer): void {
    const payload = frame.subarray(headerLength(frame.readUInt8(1)))
    const head = payload.toString('latin1', 0, headBytesMax)
    const found = /^42\["batch",\{"channel":"([^"]*)","epoch":"[^"]*","from":(\d+),"to":(\d+)/.exec(head)
    if (found !== null) {
      if (found[1] === this.#channel) this.#takeBatch(Number(found[2]), Number(found[3]), head)
    } else if (head === '2') this.#send('3')
    else if (head.startsWith('0')) this.#send('40')
    else {
      if (head.startsWith('430')) this.offset = offsetIn(payload.toString('latin1'))
      this.#onOther(head)
    }
  }

  #takeBatch(from: number, to: number, head: string): void {
    if (from !== this.offset) this.wrong ??= `at ${this.offset} was given (${from}, ${to}]`
    this.offset = to
    if (to - from > 1) this.jumps++
    const at = this.times === null ? null : /at=([\d.]+)=/.exec(head)
    if (at !== null) this.times?.push(performance.now() - Number(at[1]))
  }

  /** A client must mask what it sends; the mask may be zero (RFC 6455, 5.3). */
  #send(packet: string): void {
    const payload = Buffer.from(packet)
    this.#socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]))
  }
}

/** Where the answer to a follow ends: a batch, or a snapshot. */
function offsetIn(answer: string): number {
  const batch = /^430\[\{"ok":true,"batch":\{"channel":"[^"]*","epoch":"[^"]*","from":\d+,"to":(\d+)/.exec(answer)
  return Number((batch ?? /"cursor":"[^":]*:(\d+)"/.exec(answer))?.[1])
}

function headerLength(short: number): number {
  if (short < 126) return 2
  return short === 126 ? 4 : 10
}

/** Of the frame that begins here; of its header, or the header's beginning, where no more is there yet. */
function frameLength(bytes: Buffer): number {
  if (bytes.length < 2) return 2
  const short = bytes.readUInt8(1)
  const header = headerLength(short)
  if (bytes.length < header) return header
  if (short < 126) return header + short
  return header + (short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)))
}
