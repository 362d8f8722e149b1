import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Batch, Page, Snapshot } from '../../src/wire/batch.ts'
import type { Post } from '../../src/wire/post.ts'
import { adminKey } from './server.ts'
import { taken } from './taken.ts'

export interface WrittenPost {
  readonly post: Post
  readonly cursor: string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The body as JSON; the test says what it expects to find in it. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are probed by assertions, good and bad alike.
  readonly json: any
}

const publishPauseMs = 5

type Fields = Readonly<Record<string, unknown>>

/** What a newsroom's tool does on one node, for one channel. */
export class Newsroom {
  readonly url: string
  readonly channel: string

  constructor(server: { readonly url: string }, channel = `c-${randomBytes(6).toString('hex')}`) {
    this.url = server.url
    this.channel = channel
  }

  /** The same channel on another node. */
  on(server: { readonly url: string }): Newsroom {
    return new Newsroom(server, this.channel)
  }

  async open(fields: Fields = {}): Promise<this> {
    const body = { id: this.channel, title: `Coverage of ${this.channel}`, ...fields }
    expect(201, await taken((headers) => this.send('POST', '/v1/channels', body, headers)))
    return this
  }

  async publish(post: Fields, headers: Record<string, string> = {}): Promise<WrittenPost> {
    return expect(201, await taken((keyed) => this.tryPublish(post, { ...keyed, ...headers })))
  }

  async edit(id: string, edit: Fields): Promise<WrittenPost> {
    return expect(200, await taken(() => this.tryEdit(id, edit)))
  }

  async pin(id: string): Promise<WrittenPost> {
    return expect(200, await taken(() => this.tryPin(id, true)))
  }

  async unpin(id: string): Promise<WrittenPost> {
    return expect(200, await taken(() => this.tryPin(id, false)))
  }

  async retract(id: string, reason = 'Not confirmed.'): Promise<WrittenPost> {
    return expect(200, await taken((keyed) => this.tryRetract(id, reason, keyed)))
  }

  async editChannel(edit: Fields): Promise<void> {
    expect(200, await taken(() => this.send('PATCH', this.#path(''), edit)))
  }

  tryPublish(post: Fields, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', this.#path('/posts'), post, headers)
  }

  tryEdit(id: string, edit: Fields, ifMatch = '*'): Promise<Answer> {
    return this.send('PATCH', this.#path(`/posts/${id}`), edit, { 'if-match': ifMatch })
  }

  tryPin(id: string, pinned: boolean): Promise<Answer> {
    return this.send(pinned ? 'PUT' : 'DELETE', this.#path(`/posts/${id}/pin`))
  }

  tryRetract(id: string, reason: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', this.#path(`/posts/${id}/retract`), { reason }, headers)
  }

  async snapshot(): Promise<Snapshot> {
    return expect(200, await this.read(''))
  }

  async page(query = ''): Promise<Page> {
    return expect(200, await this.read(`/posts?${query}`))
  }

  /** All posts, a page at a time. */
  async walk(query = ''): Promise<Post[]> {
    const posts: Post[] = []
    let page = await this.page(query)
    posts.push(...page.posts)
    while (page.older !== undefined) {
      page = await this.page(`${query}&before=${page.older}`)
      posts.push(...page.posts)
    }
    return posts
  }

  async changes(after: string, limit = 1_000): Promise<Batch> {
    return expect(200, await this.read(`/changes?after=${after}&limit=${limit}`))
  }

  read(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#call('GET', this.#path(path), headers)
  }

  send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#call(method, path, { authorization: `Bearer ${adminKey}`, ...headers }, body)
  }

  #path(rest: string): string {
    return `/v1/channels/${this.channel}${rest}`
  }

  async #call(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, json: text === '' ? null : JSON.parse(text) }
  }
}

/** Gives the body of an answer that is as it should be. */
function expect(status: number, answer: Answer) {
  assert.equal(answer.status, status, JSON.stringify(answer.json))
  return answer.json
}

/** Publishes posts one after the other, in each newsroom, for as long as the work takes. Leaves others some of the machine. */
export async function publishDuring(newsrooms: readonly Newsroom[], work: () => Promise<void>): Promise<void> {
  let working = true
  let number = 0
  const publishers = newsrooms.map(async (newsroom) => {
    while (working) {
      number++
      await newsroom.publish({ headline: `Post ${number}` })
      await delay(publishPauseMs)
    }
  })
  const worked = work().finally(() => {
    working = false
  })
  await Promise.all([worked, ...publishers])
}
