import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, realpath, rm } from 'node:fs/promises'
import { createConnection, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import type { Logger } from 'pino'

/** A redis-server of one's own, reached by a unix socket. */
export interface EmbeddedRedis {
  readonly url: string
  close(): Promise<void>
}

const startMsMax = 30_000
/** Longer than Redis takes to write its last second of appends; after it the child is killed. */
const stopMsMax = 10_000
/** Socket paths end at 104 to 108 bytes, by system (unix(7)). */
const socketPathBytesMax = 100

/**
 * Starts a redis-server whose data lies in the folder, with an append-only file and no TCP port. One process at a time
 * may have the folder; a second one is refused. A redis-server left behind by a process that was killed is stopped
 * first, which loses nothing.
 */
export async function startEmbeddedRedis(folder: string, logger: Logger): Promise<EmbeddedRedis> {
  await mkdir(join(folder, 'redis'), { recursive: true, mode: 0o700 })
  const sockets = await socketFolder(folder)
  const lock = await lockFolder(join(sockets, 'lock.sock'), folder)
  try {
    const socket = join(sockets, 'redis.sock')
    await stopOrphan(socket, logger)
    const child = await startServer(join(folder, 'redis'), socket, logger)
    return {
      url: `unix://${encodeURI(socket)}`,
      close: async () => {
        await stopServer(child, logger)
        await closeLock(lock)
      },
    }
  } catch (error) {
    await closeLock(lock)
    throw error
  }
}

/** The address of a redis-server that a running Wirecopy has for the folder, or null where none runs. */
export async function findEmbeddedRedis(folder: string): Promise<string | null> {
  await mkdir(folder, { recursive: true })
  const socket = join(await socketFolder(folder), 'redis.sock')
  return (await answers(socket)) ? `unix://${encodeURI(socket)}` : null
}

/** Sockets lie with the data, or, where that path is too long for a socket, in a folder named by the path's hash. */
async function socketFolder(folder: string): Promise<string> {
  const real = await realpath(folder)
  if (Buffer.byteLength(join(real, 'redis.sock')) <= socketPathBytesMax) return real
  const short = join('/tmp', `wirecopy-${createHash('sha256').update(real).digest('hex').slice(0, 16)}`)
  await mkdir(short, { recursive: true, mode: 0o700 })
  await chmod(short, 0o700)
  return short
}

/** Holds the folder by listening on a socket in it: the system lets go of that with the process, however it ends. */
async function lockFolder(path: string, folder: string): Promise<Server> {
  for (let tries = 0; tries < 2; tries++) {
    const server = createServer((connection) => connection.destroy())
    server.listen(path)
    try {
      await once(server, 'listening')
      return server.unref()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
    if (await answers(path)) break
    await rm(path, { force: true })
  }
  throw new Error(
    `The data folder ${folder} is in use by another Wirecopy. Stop that one, or set DATA_DIR to another folder.`,
  )
}

async function closeLock(lock: Server): Promise<void> {
  lock.close()
  await once(lock, 'close')
}

/** Whether someone listens on the socket. */
async function answers(path: string): Promise<boolean> {
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

async function stopOrphan(socket: string, logger: Logger): Promise<void> {
  if (!(await answers(socket))) return
  logger.warn('a redis-server of a Wirecopy that was killed still runs; stopping it')
  const redis = new Redis({ path: socket, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  redis.on('error', () => undefined)
  // The answer to SHUTDOWN is that the connection ends.
  await redis.shutdown('SAVE').catch(() => undefined)
  redis.disconnect()
  await until(async () => !(await answers(socket)), stopMsMax, 'The redis-server left behind does not stop')
}

async function startServer(dataFolder: string, socket: string, logger: Logger): Promise<ChildProcess> {
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
    await until(() => isReady(socket), startMsMax, `${program} does not answer`, failed.signal)
  } catch (cause) {
    child.kill('SIGKILL')
    throw new Error(`${program} could not be started: ${said.join('').trim() || String(cause)}`, { cause })
  }
  child.on('exit', (code, signal) => {
    if (child.exitCode !== 0) logger.error({ code, signal }, 'the redis-server of this Wirecopy ended')
  })
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

async function stopServer(child: ChildProcess, logger: Logger): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const killer = setTimeout(() => {
    logger.error('redis-server does not stop; killing it')
    child.kill('SIGKILL')
  }, stopMsMax)
  await ended
  clearTimeout(killer)
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
