import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Follower } from '../helpers/followers.ts'
import { ChannelModel, type Expected, type PostFields } from '../helpers/model.ts'
import { type Answer, Newsroom } from '../helpers/newsroom.ts'
import { type Nodes, startNodes } from '../helpers/nodes.ts'
import { newestFirst } from '../helpers/plain-fold.ts'
import { type TransportName, transportNames } from '../helpers/transports.ts'
import { type Command, run, tags } from './commands.ts'

/** So short a log that many followers find it trimmed past their cursor. */
const changesKept = 10
const followersMax = 5

test('whatever is written and whoever comes and goes, all hold what a plain model holds', { timeout }, async (t) => {
  const nodes = await startNodes(t, { LOG_CHANGES: String(changesKept) })
  await t.test('on two nodes, by every transport', async (st) => {
    const property = fc.asyncProperty(run, async (commands) => {
      const coverage = await Coverage.open(st, nodes)
      try {
        for (const command of commands) await coverage.do(command)
        await coverage.assertAllHold()
      } finally {
        coverage.close()
      }
    })
    await fc.assert(property, { numRuns: 40, endOnFailure: true })
  })
})

/** One channel, its model, and those who follow it. */
class Coverage {
  readonly #t: TestContext
  readonly #newsrooms: readonly Newsroom[]
  readonly #model: ChannelModel
  readonly #followers: Follower[] = []

  private constructor(t: TestContext, newsrooms: readonly Newsroom[], model: ChannelModel) {
    this.#t = t
    this.#newsrooms = newsrooms
    this.#model = model
  }

  static async open(t: TestContext, nodes: Nodes): Promise<Coverage> {
    const newsroom = await new Newsroom(nodes.a).open()
    const { channel } = await newsroom.snapshot()
    return new Coverage(t, [newsroom, newsroom.on(nodes.b)], new ChannelModel(channel))
  }

  close(): void {
    for (const follower of this.#followers) follower.leave()
  }

  async do(command: Command): Promise<void> {
    switch (command.do) {
      case 'publish':
        return this.#published([await this.#on(command.node).tryPublish(command.fields)], [command.fields])
      case 'publish at once': {
        const { posts } = command
        return this.#published(await Promise.all(posts.map((post, i) => this.#on(i % 2).tryPublish(post))), posts)
      }
      case 'join':
        if (this.#followers.length < followersMax) await this.#join(command.node, command.transport)
        return
      case 'leave':
        this.#followers[command.who % this.#followers.length]?.leave()
        return
      case 'return': {
        const follower = this.#followers[command.who % this.#followers.length]
        if (follower?.here === false) await follower.follow(this.#on(command.node), command.transport)
        return
      }
      case 'rename':
        await this.#on(command.node).editChannel({ title: command.title })
        this.#model.editChannel(command.title)
        return
      case 'edit':
      case 'pin':
      case 'unpin':
      case 'retract':
        return this.#change(command)
    }
  }

  /** All followers, those who left too, and every public read on both nodes come to what the model says. */
  async assertAllHold(): Promise<void> {
    await this.#join(0, 'library by socket')
    await this.#join(1, 'poller')
    for (const [i, follower] of this.#followers.entries()) {
      if (!follower.here) await follower.follow(this.#on(i % 2), transportNames[i % transportNames.length] ?? 'poller')
    }
    const all = this.#model.list()
    for (const newsroom of this.#newsrooms) {
      const snapshot = await newsroom.snapshot()
      assert.equal(Number(snapshot.cursor.split(':')[1]), this.#model.offset, 'each change takes the next offset')
      assert.deepEqual(snapshot.channel, this.#model.channel)
      assert.deepEqual(snapshot.posts, all.slice(0, 30))
      assert.deepEqual(snapshot.pinned, this.#model.pinned())
      await this.#assertPages(newsroom)
      for (const follower of this.#followers) await follower.assertWhole(newsroom)
    }
    const byId = new Map(all.map((post) => [post.id, post]))
    for (const { fold } of this.#followers) {
      for (const [id, post] of fold.posts) assert.deepEqual(post, byId.get(post.id), id)
      assert.deepEqual(fold.newest(30), all.slice(0, 30))
      assert.deepEqual(fold.pinned(), this.#model.pinned().sort(newestFirst))
    }
  }

  async #assertPages(newsroom: Newsroom): Promise<void> {
    assert.deepEqual(await newsroom.walk('limit=3'), this.#model.list())
    assert.deepEqual(await newsroom.walk('limit=2&keyEvents=true'), this.#model.list({ keyEvents: true }))
    for (const tag of tags) {
      const query = `tag=${encodeURIComponent(tag)}`
      assert.deepEqual(await newsroom.walk(`limit=2&${query}`), this.#model.list({ tag }))
      const both = await newsroom.walk(`limit=2&${query}&keyEvents=true`)
      assert.deepEqual(both, this.#model.list({ tag, keyEvents: true }))
    }
  }

  async #join(node: number, transport: TransportName): Promise<void> {
    const follower = new Follower(this.#t, this.#on(0).channel)
    this.#followers.push(follower)
    await follower.follow(this.#on(node), transport)
  }

  /** Posts published at once are in the order that their offsets say. */
  #published(answers: readonly Answer[], asked: readonly PostFields[]): void {
    const done = answers.flatMap((answer, i) => asked.slice(i, i + 1).map((fields) => ({ answer, fields })))
    done.sort((one, other) => one.answer.json.post?.offset - other.answer.json.post?.offset)
    for (const { answer, fields } of done) {
      assert.equal(answer.status, 201, JSON.stringify(answer.json))
      const { id, url, publishedAt: at } = answer.json.post
      this.#compare(answer, this.#model.publish(fields, { id, url, at }), 201)
    }
    const times = this.#model.posts.map(({ publishedAt }) => publishedAt)
    assert.deepEqual(times, [...new Set(times)].sort(), 'times of publication grow from post to post')
  }

  async #change(command: Extract<Command, { do: 'edit' | 'pin' | 'unpin' | 'retract' }>): Promise<void> {
    const index = command.pick % this.#model.posts.length
    const post = this.#model.posts[index]
    if (post === undefined) return
    const newsroom = this.#on(command.node)
    const model = this.#model
    switch (command.do) {
      case 'edit': {
        const ifMatch = command.stale ? `"${post.version + 1}"` : `"${post.version}"`
        const answer = await newsroom.tryEdit(post.id, command.edit, ifMatch)
        if (command.stale) return assert.equal(answer.status, 412)
        // The clock is the server's: the times are taken from it, and must not go back.
        const at = answer.json.post?.updatedAt ?? ''
        if (answer.status === 200 && post.status === 'published') assert.ok(at > post.updatedAt)
        const said = answer.json.post?.corrections?.at(-1)?.at
        const { correction } = command.edit
        const expected = model.edit(index, command.edit, at)
        return this.#compare(answer, correction === undefined ? expected : saidAt(expected, said), 200, index)
      }
      case 'pin':
      case 'unpin': {
        const answer = await newsroom.tryPin(post.id, command.do === 'pin')
        return this.#compare(answer, model.pin(index, command.do === 'pin'), 200)
      }
      case 'retract': {
        const answer = await newsroom.tryRetract(post.id, command.reason)
        return this.#compare(answer, model.retract(index, command.reason, answer.json.post?.retraction.at), 200)
      }
    }
  }

  #compare(answer: Answer, expected: Expected, status: number, index?: number): void {
    if ('refused' in expected) {
      assert.equal(answer.json.code, expected.refused, JSON.stringify(answer.json))
      return
    }
    assert.equal(answer.status, status, JSON.stringify(answer.json))
    assert.deepEqual(answer.json.post, expected.post)
    if (index !== undefined) this.#model.posts[index] = expected.post
  }

  #on(node: number): Newsroom {
    const newsroom = this.#newsrooms[node]
    assert.ok(newsroom !== undefined)
    return newsroom
  }
}

/** A correction was said when the server took it in, which may be a little before the time of the change. */
function saidAt(expected: Expected, at: string): Expected {
  if ('refused' in expected || expected.post.status !== 'published') return expected
  const corrections = expected.post.corrections.map((one, i, all) => (i === all.length - 1 ? { ...one, at } : one))
  return { ...expected, post: { ...expected.post, corrections } }
}
