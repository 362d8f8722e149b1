import assert from 'node:assert/strict'

const path = '/socket.io/?EIO=4&transport=polling'
/** Parts the packets of a payload (engine.io-protocol 4). */
const separator = '\x1e'

/** A client of Engine.IO by long polling, which says and asks what the test has it say and ask. */
export class LongPollClient {
  readonly #url: string

  private constructor(url: string) {
    this.#url = url
  }

  /** Begins a session, without Socket.IO's own greeting. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<LongPollClient> {
    const response = await fetch(url + path, { headers })
    assert.equal(response.status, 200)
    const { sid } = JSON.parse((await response.text()).slice(1))
    return new LongPollClient(`${url}${path}&sid=${sid}`)
  }

  /** Greets, and follows nothing. */
  static async connected(url: string): Promise<LongPollClient> {
    const client = await LongPollClient.open(url)
    await client.say('40')
    const [connected] = await client.poll()
    assert.match(connected ?? '', /^40/)
    return client
  }

  get sid(): string {
    return new URL(this.#url).searchParams.get('sid') ?? ''
  }

  /** The status that the packets were answered with. */
  async say(...packets: string[]): Promise<number> {
    const response = await fetch(this.#url, { method: 'POST', body: packets.join(separator) })
    await response.text()
    return response.status
  }

  /** Waits for packets. */
  async poll(): Promise<string[]> {
    const { status, text } = await this.tryPoll()
    assert.equal(status, 200, text)
    return text.split(separator)
  }

  /** Waits for what a poll is answered, be it packets or a refusal. */
  async tryPoll(): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(this.#url)
    return { status: response.status, text: await response.text() }
  }
}
