import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { settings } from '../../src/config.ts'
import { freePort } from './free-port.ts'
import { Link } from './link.ts'
import { adminKey, Node } from './node.ts'
import type { Setting } from './setting.ts'
import type { Store } from './store.ts'
import { until } from './until.ts'

const nodesOfStage = 2

/** Two nodes as processes of their own, and the store that they share: what a fault plays on. */
export class Stage<S extends Store = Store> {
  readonly channels: readonly string[]
  readonly store: S
  /** Changes that a channel's log keeps. */
  readonly logChanges: number
  readonly nodes: Node[] = []
  /** The ways to the nodes, where the setting has any. */
  readonly links: Link[] = []
  readonly folder: string

  private constructor(folder: string, setting: Setting<S>, store: S) {
    this.folder = folder
    this.store = store
    this.channels = setting.channels ?? ['faults']
    this.logChanges = setting.logChanges ?? settings.shape.LOG_CHANGES.parse(undefined)
  }

  static async open<S extends Store>(setting: Setting<S>): Promise<Stage<S>> {
    const folder = await mkdtemp(join(tmpdir(), 'wirecopy-faults-'))
    const stage = new Stage(folder, setting, await setting.store(folder))
    try {
      await stage.store.start()
      await stage.#startNodes(setting)
      await stage.ready()
      for (const channel of stage.channels) await stage.createChannel(channel)
    } catch (error) {
      await stage.close()
      throw error
    }
    return stage
  }

  /** Changes of earlier logs that stand in the last one, up to this offset. A fault by which logs lose their end sets it. */
  standsTo: number | undefined = undefined

  /** The one channel, of most stages. */
  get channel(): string {
    const [first] = this.channels
    if (first === undefined) throw new Error('A stage has a channel.')
    return first
  }

  /** A node by chance: the one that is down as well, which whoever asks then has to bear. */
  anyNode(): string {
    const i = Math.floor(Math.random() * this.nodes.length)
    const link = this.links[i]
    return link === undefined ? (this.nodes[i]?.url ?? '') : `http://127.0.0.1:${link.port}`
  }

  async createChannel(id: string): Promise<void> {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ id, title: 'A coverage under faults' })
    await until('the channel is created', async () => {
      const response = await fetch(`${this.anyNode()}/v1/channels`, { method: 'POST', headers, body })
      return response.status === 201 || response.status === 409
    })
  }

  async ready(): Promise<void> {
    for (const { name, url } of this.nodes) {
      await until(`${name} is ready`, async () => (await fetch(`${url}/health/ready`)).ok)
    }
  }

  /** What ended without having been told to. */
  fallen(): string[] {
    return [...this.store.programs, ...this.nodes].flatMap(({ fell }) => fell ?? [])
  }

  async close(): Promise<void> {
    for (const link of this.links) await link.close()
    for (const node of this.nodes) await node.end()
    await this.store.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #startNodes(setting: Setting<S>): Promise<void> {
    for (let i = 0; i < nodesOfStage; i++) {
      const env = {
        LOG_CHANGES: String(this.logChanges),
        ...setting.nodeEnv,
        ...(i === 0 ? setting.firstNodeEnv?.(this.folder) : {}),
      }
      const port = await freePort()
      const node = new Node({ name: `node-${i + 1}`, port, redisUrl: this.store.url, env })
      this.nodes.push(node)
      node.start()
      if (setting.linked === true) this.links.push(await Link.open({ host: '127.0.0.1', port }))
    }
  }
}
