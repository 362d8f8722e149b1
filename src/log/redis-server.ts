import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { reconnectDelayMs } from './connection.ts'

const startMsMax = 30_000
/** Longer than Redis takes to write its last second of appends; after it the child is killed. */
const stopMsMax = 10_000

/** Whether someone listens on the socket. */
export async function answers(path: string): Promise<boolean> {
  const connection = createConnection(path)
  try {
    await once(connection, 'connect')
    return true
  } catch {
    return false
  } finally {
    connection.destroy()
  }
}

/** Stops the redis-server that listens on the socket, if one does, by asking it. */
export async function stopOrphan(socket: string, logger: Logger): Promise<void> {
  if (!(await answers(socket))) return
  logger.warn('a redis-server of a Wirecopy that was killed still runs; stopping it')
  const redis = new Redis({ path: socket, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  redis.on('error', () => undefined)
  // The answer to SHUTDOWN is that the connection ends.
  await redis.shutdown('SAVE').catch(() => undefined)
  redis.disconnect()
  await until(async () => !(await answers(socket)), stopMsMax, 'The redis-server left behind does not stop')
}

/** Those that run. One that outlived its owner would be stopped by the next start only. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM')
})

/** A redis-server on a unix socket, which is started again where it ends before it was told to. */
export class RedisServer {
  readonly #dataFolder: string
  readonly #socket: string
  readonly #logger: Logger
  readonly #stop = new AbortController()
  #child: ChildProcess | null = null
  #restarting: Promise<void> = Promise.resolve()

  private constructor(dataFolder: string, socket: string, logger: Logger) {
    this.#dataFolder = dataFolder
    this.#socket = socket
    this.#logger = logger
  }

  /** Starts it and waits until it answers. Throws what it said where it does not. */
  static async start(dataFolder: string, socket: string, logger: Logger): Promise<RedisServer> {
    const server = new RedisServer(dataFolder, socket, logger)
    await server.#run()
    return server
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#restarting
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const killer = setTimeout(() => {
      this.#logger.error('redis-server does not stop; killing it')
      child.kill('SIGKILL')
    }, stopMsMax)
    await ended
    clearTimeout(killer)
  }

  async #run(): Promise<void> {
    const child = await spawnServer(this.#dataFolder, this.#socket, this.#logger, this.#stop.signal)
    this.#child = child
    child.once('exit', (code, signal) => {
      if (this.#stop.signal.aborted) return
      this.#logger.error({ code, signal }, 'the redis-server of this Wirecopy ended; starting it again')
      this.#restarting = this.#restart()
    })
  }

  async #restart(): Promise<void> {
    const { signal } = this.#stop
    for (let failed = 0; !signal.aborted; failed++) {
      await delay(reconnectDelayMs(failed), undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      try {
        return await this.#run()
      } catch (error) {
        this.#logger.error({ error: String(error), failed }, 'redis-server could not be started again')
      }
    }
  }
}

async function spawnServer(
  dataFolder: string,
  socket: string,
  logger: Logger,
  stop: AbortSignal,
): Promise<ChildProcess> {
  const program = await findRedisServer()
  const options = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir: dataFolder,
    appendonly: 'yes',
    // What is acknowledged is on the disk, even where the machine loses power.
    appendfsync: 'always',
    save: '',
    'maxmemory-policy': 'noeviction',
    loglevel: 'warning',
  }
  const child = spawn(
    program,
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    // A group of its own: Ctrl-C in a terminal must reach the server only, which then stops Redis last.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  )
  running.add(child)
  child.once('exit', () => running.delete(child))
  const said: string[] = []
  const note = (chunk: Buffer) => {
    said.push(chunk.toString())
    if (said.length > 20) said.shift()
    logger.debug({ said: chunk.toString().trim() }, 'redis-server')
  }
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  const failed = new AbortController()
  child.once('error', () => failed.abort())
  child.once('exit', () => failed.abort())
  try {
    await until(() => isReady(socket), startMsMax, `${program} does not answer`, AbortSignal.any([failed.signal, stop]))
  } catch (cause) {
    child.kill('SIGKILL')
    throw new Error(`${program} could not be started: ${said.join('').trim() || String(cause)}`, { cause })
  }
  return child
}

async function isReady(socket: string): Promise<boolean> {
  if (!(await answers(socket))) return false
  const redis = new Redis({ path: socket, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  redis.on('error', () => undefined)
  try {
    // While it loads its file it answers -LOADING, and the ready check keeps the promise waiting.
    await redis.connect()
    return (await redis.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    redis.disconnect()
  }
}

/** The first of redis-server and valkey-server on the PATH that is 7.0 or newer. */
async function findRedisServer(): Promise<string> {
  for (const program of ['redis-server', 'valkey-server']) {
    try {
      const { stdout } = await promisify(execFile)(program, ['--version'])
      const major = /v=(\d+)\./.exec(stdout)?.[1]
      if (Number(major) >= 7) return program
    } catch {
      // Not on the PATH.
    }
  }
  throw new Error(
    'No redis-server or valkey-server 7.0 or newer is on the PATH. Install one (Debian: apt-get install redis-server), ' +
      'or set REDIS_URL.',
  )
}

async function until(
  done: () => Promise<boolean>,
  withinMs: number,
  otherwise: string,
  failed?: AbortSignal,
): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await done())) {
    if (failed?.aborted === true) throw new Error('it ended')
    if (performance.now() > end) throw new Error(`${otherwise} within ${withinMs} ms.`)
    await delay(20)
  }
}
