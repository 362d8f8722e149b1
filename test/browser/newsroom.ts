import assert from 'node:assert/strict'
import { taken } from '../helpers/taken.ts'

interface Written {
  readonly post: { readonly id: string; readonly version: number }
}

/** What a newsroom's tool does: writes over REST. */
export class Newsroom {
  readonly #url: string
  readonly #key: string
  readonly channel: string

  constructor({ url, adminKey }: { url: string; adminKey: string }, channel: string) {
    this.#url = url
    this.#key = adminKey
    this.channel = channel
  }

  /** Address of the channel's page, whole and by its path. */
  get page(): string {
    return `${this.#url}${this.path}`
  }

  get path(): string {
    return `/c/${this.channel}`
  }

  async open(fields: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.#send('POST', '/v1/channels', {
      id: this.channel,
      title: 'Fire at the old harbour',
      timeZone: 'Europe/London',
      ...fields,
    })
  }

  /** Gives the new post's id. */
  async publish(post: Readonly<Record<string, unknown>>): Promise<string> {
    return (await this.#post('POST', '', post)).post.id
  }

  /** Publishes posts with headlines `<word> 1`, `<word> 2` … in this order, each a few lines high. */
  async publishMany(word: string, count: number): Promise<string[]> {
    const ids: string[] = []
    for (let number = 1; number <= count; number += 1) {
      const text = `What ${word} ${number} is about. `.repeat(12)
      ids.push(await this.publish({ headline: `${word} ${number}`, body: { text } }))
    }
    return ids
  }

  async edit(id: string, edit: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#post('PATCH', `/${id}`, edit)
  }

  async retract(id: string, reason: string): Promise<void> {
    await this.#post('POST', `/${id}/retract`, { reason })
  }

  async pin(id: string): Promise<void> {
    await this.#post('PUT', `/${id}/pin`)
  }

  async unpin(id: string): Promise<void> {
    await this.#post('DELETE', `/${id}/pin`)
  }

  async #post(method: string, path: string, body?: unknown): Promise<Written> {
    const written: Written = await this.#send(method, `/v1/channels/${this.channel}/posts${path}`, body)
    return written
  }

  async #send(method: string, path: string, body?: unknown) {
    const response = await taken((keyed) =>
      fetch(`${this.#url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#key}`,
          'if-match': '*',
          ...(method === 'POST' ? keyed : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }
}
