import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from '../faults/until.ts'
import { folderOfProcess } from '../helpers/nodes.ts'
import { adminKey } from '../helpers/server.ts'

export const nodeName = 'news-1'
const root = fileURLToPath(new URL('../..', import.meta.url))

interface Line {
  readonly msg: string
  readonly url?: string
  readonly worker?: number
  readonly pid?: number
}

/** A node of several workers, as a process with its log. */
export class NodeProcess {
  readonly process: ChildProcess
  /** Resolves with the exit code and the signal. */
  readonly exit: Promise<unknown[]>
  /** Resolves once the primary and all workers, which write to the same log, have ended. */
  readonly end: Promise<unknown>
  readonly #lines: Line[] = []
  readonly #heard = new Set<() => void>()
  #url = ''

  private constructor(child: ChildProcess) {
    this.process = child
    this.exit = once(child, 'exit')
    this.end = once(child, 'close')
    assert.ok(child.stdout !== null)
    const lines = createInterface(child.stdout)
    lines.on('line', (line) => {
      this.#lines.push(JSON.parse(line))
      for (const hear of this.#heard) hear()
    })
    lines.once('close', () => {
      for (const hear of this.#heard) hear()
    })
  }

  static async start(t: TestContext, env: Readonly<Record<string, string>> = {}): Promise<NodeProcess> {
    // Hooks run in the order in which they were made: the node ends before its folder goes.
    let started: NodeProcess | null = null
    t.after(() => started?.kill9())
    const node = new NodeProcess(await spawnNode(env, 'inherit'))
    started = node
    node.#url = (await node.said(({ msg }) => msg === 'listening')).url ?? ''
    return node
  }

  /** Starts one that can't. Gives what it says on standard error. */
  static async failToStart(t: TestContext, env: Readonly<Record<string, string>>) {
    const child = await spawnNode({ LOG_LEVEL: 'silent', ...env }, 'pipe')
    t.after(() => child.kill('SIGKILL'))
    assert.ok(child.stderr !== null)
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    return { said, code }
  }

  /** Kills the primary, and resolves once the workers have ended, too. */
  async kill9(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.end
  }

  get url(): string {
    return this.#url
  }

  /** The first line of the log, of those past the first `after`, that is looked for. */
  async said(isIt: (line: Line) => boolean, after = 0): Promise<Line> {
    for (;;) {
      const line = this.#lines.slice(after).find(isIt)
      if (line !== undefined) return line
      assert.ok(this.process.stdout?.closed === false, 'the node ended before it said so')
      await new Promise<void>((resolve) => {
        const hear = () => {
          this.#heard.delete(hear)
          resolve()
        }
        this.#heard.add(hear)
      })
    }
  }

  /** How many lines there are by now. */
  get saidSoFar(): number {
    return this.#lines.length
  }

  pidOf(worker: number): number {
    const { pid } = this.#lines.findLast((line) => line.msg === 'a worker listens' && line.worker === worker) ?? {}
    assert.ok(pid !== undefined)
    return pid
  }

  kill(worker: number, signal: NodeJS.Signals = 'SIGKILL'): void {
    process.kill(this.pidOf(worker), signal)
  }

  /** Sums of a metric over its labels. Of many connections one that is answered will do, where a worker hangs. */
  async metric(name: string): Promise<number> {
    const answer = await Promise.any(Array.from({ length: 20 }, () => ask(this.url, '/metrics')))
    const lines = answer.body.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    assert.ok(lines.length > 0, answer.body)
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }

  /** Resolves once the metric has the value. */
  async comesTo(name: string, value: number): Promise<void> {
    await until(`${name} is ${value}`, async () => {
      const is = await this.metric(name)
      if (is !== value) throw new Error(`it is ${is}`)
      return true
    })
  }
}

async function spawnNode(env: Readonly<Record<string, string>>, errors: 'inherit' | 'pipe') {
  const folder = env['DATA_DIR'] ?? (await folderOfProcess())
  return spawn(process.execPath, ['src/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      HOST: '127.0.0.1',
      PORT: '0',
      WORKERS: '2',
      NODE_NAME: nodeName,
      ADMIN_KEY: adminKey,
      RATE_LIMIT: 'off',
      DATA_DIR: folder,
      ...env,
    },
    stdio: ['ignore', 'pipe', errors],
  })
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** Asks on a connection of its own, or on one of the agent's. */
export async function ask(
  url: string,
  path: string,
  { agent, ...how }: { method?: string; body?: string; headers?: Record<string, string>; agent?: Agent } = {},
): Promise<Answer> {
  const asked = request(url + path, { agent: agent ?? false, method: how.method ?? 'GET', headers: how.headers ?? {} })
  asked.end(how.body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 0, body: await text(answer) }
}

export const pollingPath = '/socket.io/?EIO=4&transport=polling'

/** The worker that has a session, by its id. */
export function workerOf(id: string | undefined): string {
  return new RegExp(`^${nodeName}\\.(\\d+)-`).exec(id ?? '')?.[1] ?? `none: ${id}`
}

/** Begins sessions by long polling, each on a connection of its own, until each of two workers has one. */
export async function sessionOnEach(url: string): Promise<[string, string]> {
  const found = new Map<string, string>()
  while (found.size < 2) {
    const { body } = await ask(url, pollingPath)
    const id: string = JSON.parse(body.slice(1)).sid
    found.set(workerOf(id), id)
  }
  return [found.get('0') ?? '', found.get('1') ?? '']
}

/** One connection that is kept open for all requests, whosever they are. */
export function oneConnection(t: TestContext): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  return agent
}
