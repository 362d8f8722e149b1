import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { find, redis as redisProgram } from '../../scripts/setup/programs.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readyMsMax = 30_000
const askEveryMs = 50
/** A program that was told to end, and has not within this time, is killed. */
const endMsMax = 90_000

export const adminKey = 'faults-admin-key-0123456789'

/** A program of ours that can be killed, paused and started again, as what it was. */
export class Program {
  readonly name: string
  readonly #start: () => ChildProcess
  #child: ChildProcess | null = null
  #exited: Promise<unknown> = Promise.resolve()
  #told = false
  /** How it ended where nobody had told it to. */
  fell: string | null = null

  constructor(name: string, start: () => ChildProcess) {
    this.name = name
    this.#start = start
  }

  start(): void {
    const child = this.#start()
    this.#child = child
    this.#told = false
    this.#exited = once(child, 'exit').then(([code, signal]) => {
      if (!this.#told) this.fell ??= `${this.name} ended by itself: ${String(signal ?? code)}`
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Sends the signal that ends it. Gives its exit code, or null where the signal itself was the end. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const child = this.#child
    if (child === null) return null
    this.#told = true
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), endMsMax)
    await this.#exited
    clearTimeout(late)
    return child.exitCode
  }
}

/** Two nodes as processes of their own, and the redis-server that they share. */
export class Stage {
  readonly channel = 'faults'
  readonly redis: Program
  readonly nodes: readonly (Program & { readonly url: string })[]
  readonly redisPath: string
  readonly #folder: string

  private constructor(folder: string, ports: readonly number[]) {
    this.#folder = folder
    this.redisPath = join(folder, 'redis.sock')
    this.redis = new Program('redis-server', () => startRedis(folder, this.redisPath))
    this.nodes = ports.map((port, i) => {
      const name = `node-${i + 1}`
      const program = new Program(name, () => startNode(name, port, this.redisPath))
      return Object.assign(program, { url: `http://127.0.0.1:${port}` })
    })
  }

  static async open(): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'wirecopy-faults-'))
    const stage = new Stage(folder, [await freePort(), await freePort()])
    try {
      stage.redis.start()
      await stage.redisAnswers()
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

  redisAnswers(): Promise<void> {
    return until('redis-server answers', () => this.withRedis(async (redis) => (await redis.ping()) === 'PONG'))
  }

  async withRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis({ path: this.redisPath, lazyConnect: true, retryStrategy: () => null })
    redis.on('error', () => undefined)
    try {
      await redis.connect()
      return await work(redis)
    } finally {
      redis.disconnect()
    }
  }

  /** What ended without having been told to. */
  fallen(): string[] {
    return [this.redis, ...this.nodes].flatMap(({ fell }) => fell ?? [])
  }

  async close(): Promise<void> {
    for (const program of [...this.nodes, this.redis]) await program.end()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** Each write is on the disk before it is answered, as with the server's private Redis. */
function startRedis(folder: string, path: string): ChildProcess {
  const settings = ['--port', '0', '--unixsocket', path, '--dir', folder, '--save', '', '--loglevel', 'warning']
  const kept = ['--appendonly', 'yes', '--appendfsync', 'always']
  return endingWithUs(
    spawn(find(redisProgram).path ?? 'redis-server', [...settings, ...kept], {
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  )
}

function startNode(name: string, port: number, redisPath: string): ChildProcess {
  const env = {
    ...process.env,
    HOST: '127.0.0.1',
    PORT: String(port),
    REDIS_URL: `unix://${redisPath}`,
    NODE_NAME: name,
    ADMIN_KEY: adminKey,
    RATE_LIMIT: 'off',
    LOG_LEVEL: process.env['FAULTS_LOG_LEVEL'] ?? 'silent',
  }
  return endingWithUs(
    spawn(process.execPath, ['src/main.ts'], { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] }),
  )
}

/** Whatever ends this process must not leave the child behind. */
function endingWithUs(child: ChildProcess): ChildProcess {
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.removeListener('exit', kill))
  return child
}

/** Asks again and again, for what no event tells: that another process has come so far. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean, msMax = readyMsMax): Promise<void> {
  const deadline = performance.now() + msMax
  let last: unknown
  while (performance.now() < deadline) {
    try {
      if (await isSo()) return
    } catch (error) {
      last = error
    }
    await delay(askEveryMs)
  }
  throw new Error(`Not within ${msMax} ms: ${what}`, { cause: last })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.')
  return address.port
}
