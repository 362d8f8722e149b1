import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OpsNodes } from '../../src/wire/ops.ts'
import { freePort } from '../../test/faults/free-port.ts'
import { adminKey, Node } from '../../test/faults/node.ts'
import { Program } from '../../test/faults/program.ts'
import { RedisProgram } from '../../test/faults/redis-program.ts'
import { until } from '../../test/faults/until.ts'
import { root } from '../setup/prepare.js'
import { Desk } from './desk.ts'

export const channel = 'interop'
const names = ['wirecopy-1', 'wirecopy-2'] as const
export type NodeName = (typeof names)[number]
/** As in docker-compose.yml: the proxy finds out meanwhile that the node stops. */
const drainNoticeMs = 4_000

/** Two nodes on one Redis behind the proxy of deploy/, as processes on loopback. One node runs at first. */
export class Stage {
  /** Where clients follow. */
  readonly url: string
  readonly desk: Desk
  readonly #folder: string
  readonly #redis: RedisProgram
  readonly #nodes: Readonly<Record<NodeName, Node>>
  readonly #proxy: Program
  #writer: NodeName = names[0]

  private constructor(folder: string, redis: RedisProgram, nodes: Record<NodeName, Node>, proxy: Program, url: string) {
    this.#folder = folder
    this.#redis = redis
    this.#nodes = nodes
    this.#proxy = proxy
    this.url = url
    this.desk = new Desk({ channel, adminKey, node: () => nodes[this.#writer].url })
  }

  static async open(haproxy: string): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'wirecopy-interop-'))
    const redis = await RedisProgram.free({ name: 'redis', folder })
    const [one, two] = [await newNode(names[0], redis.url), await newNode(names[1], redis.url)]
    const port = await freePort()
    const env = { BIND: `127.0.0.1:${port}`, NODE1: new URL(one.url).host, NODE2: new URL(two.url).host }
    const args = ['-db', '-f', join(root, 'deploy', 'haproxy.cfg')]
    const proxy = new Program('proxy', () => spawn(haproxy, args, { env, stdio: 'ignore' }))
    const nodes = { 'wirecopy-1': one, 'wirecopy-2': two }
    const stage = new Stage(folder, redis, nodes, proxy, `http://127.0.0.1:${port}`)
    try {
      redis.start()
      await redis.answers()
      proxy.start()
      await stage.start(names[0])
      await stage.desk.open()
    } catch (error) {
      await stage.close()
      throw error
    }
    return stage
  }

  /** Starts the node. Resolves once the proxy gives new clients to it. */
  async start(name: NodeName): Promise<void> {
    this.#nodes[name].start()
    await until(`the proxy uses ${name}`, async () => {
      const text = await (await fetch(`${this.url}/socket.io/?EIO=4&transport=polling`)).text()
      return text.includes(`"sid":"${name}.`)
    })
  }

  /** The newsroom writes by this node from now on. */
  writeBy(name: NodeName): void {
    this.#writer = name
  }

  /** Ends the node. Returns its exit code, or null if the signal ended it. */
  async end(name: NodeName, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    return await this.#nodes[name].end(signal)
  }

  /** Open connections by websocket, of all nodes, as they last reported. */
  async websockets(): Promise<number> {
    const headers = { authorization: `Bearer ${adminKey}` }
    const answer = await fetch(`${this.#nodes[this.#writer].url}/v1/ops/nodes`, { headers })
    return OpsNodes.parse(await answer.json()).total.websocket
  }

  async close(): Promise<void> {
    await this.#proxy.end()
    for (const node of Object.values(this.#nodes)) await node.end()
    await this.#redis.end()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function newNode(name: NodeName, redisUrl: string): Promise<Node> {
  const env = { TRUST_PROXY: '1', DRAIN_NOTICE_MS: String(drainNoticeMs) }
  return new Node({ name, port: await freePort(), redisUrl, env })
}
