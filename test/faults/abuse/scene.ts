import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../free-port.ts'
import { adminKey, Node } from '../node.ts'
import type { SingleRedis } from '../single-redis.ts'
import { until } from '../until.ts'
import type { Answered, Asked } from './attacker.ts'
import type { Attacked } from './attacks/attack.ts'
import type { AttackName, AttackOptions } from './attacks/attacks.ts'
import { ProcessWatch } from './process-watch.ts'

const attackerProgram = fileURLToPath(new URL('./attacker.ts', import.meta.url))
const heapProbe = new URL('./heap-probe.ts', import.meta.url).href
/** Requests of each kind before anything is measured, since a process that has just started grows for a while. */
const warmRequests = 150

export interface SceneOptions {
  readonly folder: string
  readonly store: SingleRedis
  readonly env: Readonly<Record<string, string>>
  readonly openFilesMax?: number
}

/** A node that starts on a busy machine. */
const startMsMax = 120_000

let scenes = 0
let largeChannels = 0

/** A node as a process of its own, a channel on it, and the processes that attack it. */
export class Scene {
  readonly node: Node
  readonly port: number
  readonly url: string
  readonly store: SingleRedis
  readonly channel: string
  readonly watch: ProcessWatch
  large = ''
  readonly #metricsUrl: string
  #attacker: ChildProcess | null = null

  private constructor(node: Node, port: number, store: SingleRedis, heapSocket: string, metricsUrl: string) {
    this.node = node
    this.port = port
    this.url = node.url
    this.#metricsUrl = metricsUrl
    this.store = store
    this.channel = `abuse-${scenes}`
    if (node.pid === undefined) throw new Error('The node was not started.')
    this.watch = new ProcessWatch(node.pid, heapSocket)
  }

  static async open({ folder, store, env, openFilesMax }: SceneOptions): Promise<Scene> {
    const name = `abuse-${++scenes}`
    const port = await freePort()
    const heapSocket = join(folder, `${name}.sock`)
    const all = { NODE_OPTIONS: `--import=${heapProbe}`, HEAP_PROBE: heapSocket, ...env }
    const limit = openFilesMax === undefined ? {} : { openFilesMax }
    const node = new Node({ name, port, redisUrl: store.url, env: all, ...limit })
    node.start()
    try {
      const scene = new Scene(node, port, store, heapSocket, metricsUrlOf(node.url, env))
      const isReady = async () => !node.runs || (await fetch(`${node.url}/health/ready`)).ok
      await until(`${name} is ready`, isReady, startMsMax)
      if (!node.runs) throw new Error(`${name} has ended.`)
      await scene.createChannel(scene.channel)
      await scene.#warmUp()
      return scene
    } catch (error) {
      await node.end()
      throw error
    }
  }

  /** A channel of its own for what is large, that the others do not follow. */
  async openLarge(): Promise<void> {
    this.large = `large-${++largeChannels}`
    await this.createChannel(this.large)
  }

  async createChannel(id: string): Promise<void> {
    const { status } = await this.write('POST', '', { id, title: 'A coverage under attack' })
    if (status !== 201) throw new Error(`The channel was answered ${status}.`)
  }

  /** A write by the admin's key; the path begins at the channels. Its answer's body is text. */
  async write(
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; text: string; headers: Headers }> {
    const response = await fetch(`${this.url}/v1/channels${path}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json', 'if-match': '*', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, text: await response.text(), headers: response.headers }
  }

  /** Publishes posts of so many characters. Returns the id of the last. */
  async fill(channel: string, posts: number, chars: number): Promise<string> {
    let id = ''
    for (let i = 0; i < posts; i++) {
      const { status, text } = await this.write('POST', `/${channel}/posts`, { body: { text: 'x'.repeat(chars) } })
      if (status !== 201) throw new Error(`A post was answered ${status}.`)
      id = JSON.parse(text).post.id
    }
    return id
  }

  /** Runs an attack in the attacker's process, whose connections stay until `leave`. */
  async attack<N extends AttackName>(name: N, options: AttackOptions<N>): Promise<Attacked> {
    this.#attacker ??= fork(attackerProgram, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const answered = await ask(this.#attacker, { name, port: this.port, options })
    if ('attacked' in answered) return answered.attacked
    throw new Error('error' in answered ? answered.error : 'The attacker answered something else.')
  }

  /** How many of the attacker's connections the node has left open. */
  async openConnections(): Promise<number> {
    if (this.#attacker === null) return 0
    const answered = await ask(this.#attacker, 'open')
    return 'open' in answered ? answered.open : 0
  }

  /** The attacker ends, and its connections with it. */
  async leave(): Promise<void> {
    const attacker = this.#attacker
    this.#attacker = null
    if (attacker === null || attacker.exitCode !== null || attacker.signalCode !== null) return
    attacker.kill('SIGKILL')
    await once(attacker, 'exit')
  }

  /** What the node has refused, by reason. */
  async refused(): Promise<Map<string, number>> {
    const found = (await this.#metrics()).matchAll(/^wirecopy_refused_total\{reason="([^"]*)"\} (\d+)$/gm)
    return new Map([...found].map(([, reason = '', count]) => [reason, Number(count)]))
  }

  async figure(name: string): Promise<number> {
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await this.#metrics())?.[1])
  }

  async close(): Promise<void> {
    await this.leave()
    await this.node.end()
  }

  async #metrics(): Promise<string> {
    return await (await fetch(this.#metricsUrl)).text()
  }

  async #warmUp(): Promise<void> {
    const paths = [`/c/${this.channel}`, `/v1/channels/${this.channel}`, '/health/live']
    for (const url of [...paths.map((path) => this.url + path), this.#metricsUrl]) {
      for (let i = 0; i < warmRequests; i++) await (await fetch(url)).arrayBuffer()
    }
  }
}

/** The figures may have a port of their own. */
function metricsUrlOf(url: string, { METRICS_PORT: port }: Readonly<Record<string, string>>): string {
  return port === undefined ? `${url}/metrics` : `http://127.0.0.1:${port}/metrics`
}

async function ask(attacker: ChildProcess, asked: Asked | 'open'): Promise<Answered> {
  const watching = new AbortController()
  const { signal } = watching
  try {
    attacker.send(asked)
    const ended = once(attacker, 'exit', { signal }).then(() => [{ error: 'The attacker has ended by itself.' }])
    const [answered] = await Promise.race([once(attacker, 'message', { signal }), ended])
    return answered as Answered
  } finally {
    watching.abort()
  }
}
