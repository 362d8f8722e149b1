import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { adminKey, Node } from './node.ts'
import type { Setting } from './setting.ts'
import type { Store } from './store.ts'
import { until } from './until.ts'

const nodesOfStage = 2

/** Two nodes as processes of their own, and the store that they share: what a fault plays on. */
export class Stage<S extends Store = Store> {
  readonly channel = 'faults'
  readonly store: S
  readonly nodes: readonly Node[]
  readonly #folder: string

  private constructor(folder: string, setting: Setting<S>, ports: readonly number[]) {
    this.#folder = folder
    this.store = setting.store(folder)
    const { url: redisUrl } = this.store
    const env = setting.nodeEnv ?? {}
    this.nodes = ports.map((port, i) => new Node({ name: `node-${i + 1}`, port, redisUrl, env }))
  }

  static async open<S extends Store>(setting: Setting<S>): Promise<Stage<S>> {
    const ports = await Promise.all(Array.from({ length: nodesOfStage }, freePort))
    const stage = new Stage(await mkdtemp(join(tmpdir(), 'wirecopy-faults-')), setting, ports)
    try {
      await stage.store.start()
      for (const node of stage.nodes) node.start()
      await stage.ready()
      await stage.createChannel()
    } catch (error) {
      await stage.close()
      throw error
    }
    return stage
  }

  /** A node by chance: the one that is down as well, which whoever asks then has to bear. */
  anyNode(): string {
    return this.nodes[Math.floor(Math.random() * this.nodes.length)]?.url ?? ''
  }

  async createChannel(): Promise<void> {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ id: this.channel, title: 'A coverage under faults' })
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
    for (const node of this.nodes) await node.end()
    await this.store.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
