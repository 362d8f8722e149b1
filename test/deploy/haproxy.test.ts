import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { io, type Socket } from 'socket.io-client'
import { z } from 'zod'
import type { Batch } from '../../src/wire/batch.ts'
import { cursorAfter } from '../../src/wire/cursor.ts'
import type { ClientToServer, FollowAnswer, ServerToClient } from '../../src/wire/events.ts'
import { ChannelId, type Cursor } from '../../src/wire/scalars.ts'
import { adminKey } from '../helpers/server.ts'
import { proxyProgram, proxyUses, type ServerProcess, startNode, startProxy, startRedis, until } from './cluster.ts'

const channel = ChannelId.parse('harbour')
const options = { skip: proxyProgram === undefined && 'needs HAProxy' }

/** A stock Socket.IO client that follows the channel, comes back by its cursor, and applies only what joins on. */
class Reader {
  readonly socket: Socket<ServerToClient, ClientToServer>
  readonly applied: string[] = []
  readonly faults: string[] = []
  /** Whether it begins by long polling and goes on by websocket, as with default options. */
  readonly upgrades: boolean
  disconnects = 0
  #offset = 0
  #cursor: Cursor | undefined
  readonly #events = new EventEmitter()

  constructor(t: TestContext, url: string, transports?: string[]) {
    this.upgrades = transports === undefined
    this.socket = io(url, { forceNew: true, ...(transports === undefined ? {} : { transports }) })
    t.after(() => this.socket.disconnect())
    this.socket.on('batch', (batch) => this.#apply(batch))
    this.socket.on('connect', () => this.#follow())
    this.socket.on('disconnect', () => {
      this.disconnects += 1
    })
  }

  /** Resolves once the reader has a channel's posts up to the offset. */
  async reached(offset: number): Promise<void> {
    while (this.#offset < offset) await once(this.#events, 'applied')
  }

  async following(): Promise<void> {
    if (this.#cursor === undefined) await once(this.#events, 'following')
  }

  async upgraded(): Promise<void> {
    const { engine } = this.socket.io
    if (engine.transport.name !== 'websocket') await new Promise((resolve) => engine.once('upgrade', resolve))
  }

  /** The node that has the session. */
  get node(): string {
    return this.socket.io.engine.id?.split('.')[0] ?? ''
  }

  #follow(): void {
    const request = { channel, ...(this.#cursor === undefined ? {} : { after: this.#cursor }) }
    this.socket.emit('follow', request, (answer) => this.#answered(answer))
  }

  #answered(answer: FollowAnswer): void {
    if (!answer.ok) {
      this.faults.push(`refused: ${answer.error.code}`)
    } else if ('batch' in answer) {
      this.#apply(answer.batch)
    } else {
      if (this.#cursor !== undefined || answer.snapshot.posts.length > 0) this.faults.push('an unexpected snapshot')
      this.#cursor = answer.snapshot.cursor
    }
    this.#events.emit('following')
  }

  #apply(batch: Batch): void {
    if (batch.from !== this.#offset) this.faults.push(`a gap: at ${this.#offset}, a batch from ${batch.from}`)
    for (const change of batch.changes) {
      if (change.type === 'post.published') this.applied.push(change.post.id)
    }
    this.#offset = batch.to
    this.#cursor = cursorAfter(batch)
    this.#events.emit('applied')
  }
}

interface Cluster {
  readonly nodes: readonly [ServerProcess, ServerProcess]
  readonly url: string
}

async function startCluster(t: TestContext): Promise<Cluster> {
  const redisUrl = await startRedis(t)
  const nodes = await Promise.all([startNode(t, 'wirecopy-1', redisUrl), startNode(t, 'wirecopy-2', redisUrl)] as const)
  const url = await startProxy(t, nodes[0].url, nodes[1].url)
  for (const node of nodes) {
    await until(`${node.name} is ready`, async () => (await fetch(`${node.url}/health/ready`)).ok)
  }
  // The proxy finds out by its own checks, and till then takes no node that it found not ready at its start.
  for (const { name } of nodes) await proxyUses(url, name)
  await send(url, '/v1/channels', { id: channel, title: 'Fire at the old harbour' })
  return { nodes, url }
}

async function send(url: string, path: string, body: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  assert.equal(answer.status, 201, await answer.clone().text())
  return await answer.json()
}

/** Publishes posts one after the other. Gives their ids. */
async function publish(url: string, count: number): Promise<string[]> {
  const Answer = z.object({ post: z.object({ id: z.string() }) })
  const ids: string[] = []
  for (let number = 1; number <= count; number += 1) {
    const answer = await send(url, `/v1/channels/${channel}/posts`, { headline: `Report ${number}` })
    ids.push(Answer.parse(answer).post.id)
  }
  return ids
}

/** Readers on both nodes: half with a client's default options, half that stay with long polling. */
async function startReaders(t: TestContext, url: string): Promise<Reader[]> {
  const readers = Array.from({ length: 8 }, (_, index) => new Reader(t, url, index % 2 ? ['polling'] : undefined))
  await Promise.all(readers.map((reader) => reader.following()))
  for (const name of ['wirecopy-1', 'wirecopy-2']) {
    // Where a check was late, as on a busy machine, the proxy has taken the node for down.
    while (!readers.some(({ node }) => node === name)) {
      await proxyUses(url, name)
      const reader = new Reader(t, url)
      readers.push(reader)
      await reader.following()
    }
  }
  return readers
}

test('stock clients follow through the proxy, and posts reach the readers of both nodes', options, async (t) => {
  const { url } = await startCluster(t)
  const readers = await startReaders(t, url)
  await Promise.all(readers.filter(({ upgrades }) => upgrades).map((reader) => reader.upgraded()))
  const ids = await publish(url, 10)
  await Promise.all(readers.map((reader) => reader.reached(10)))
  for (const reader of readers) {
    assert.deepEqual(reader.applied, ids)
    assert.deepEqual(reader.faults, [])
  }
})

test(
  'when a node is killed, its readers come back on the other by their cursors and lack nothing',
  options,
  async (t) => {
    const { nodes, url } = await startCluster(t)
    const readers = await startReaders(t, url)
    const ids = await publish(url, 5)
    await Promise.all(readers.map((reader) => reader.reached(5)))

    const exit = once(nodes[0].process, 'exit')
    nodes[0].process.kill('SIGKILL')
    await exit
    ids.push(...(await publish(url, 5)))
    await Promise.all(readers.map((reader) => reader.reached(10)))
    for (const reader of readers) {
      assert.equal(reader.node, 'wirecopy-2')
      assert.deepEqual(reader.applied, ids)
      assert.deepEqual(reader.faults, [])
    }
  },
)
