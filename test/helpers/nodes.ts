import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { findEmbeddedRedis, startEmbeddedRedis } from '../../src/log/embedded.ts'
import { quiet } from './log.ts'
import { adminKey, startServer, type TestServer } from './server.ts'

/** What permalinks begin with, on both nodes. */
const publicUrl = 'http://news.example'

export interface Nodes {
  readonly a: TestServer
  readonly b: TestServer
  readonly redisUrl: string
}

/** Two nodes that share one Redis. They stop with the test, and Redis after them. */
export async function startNodes(t: TestContext, env: Record<string, string> = {}): Promise<Nodes> {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-nodes-'))
  const redis = await startEmbeddedRedis(folder, quiet)
  const nodes: TestServer[] = []
  t.after(async () => {
    await Promise.all(nodes.map((node) => node.close()))
    await redis.close()
    await rm(folder, { recursive: true, force: true })
  })
  const start = async (name: string) => {
    const node = await startServer(t, { REDIS_URL: redis.url, NODE_NAME: name, PUBLIC_URL: publicUrl, ...env })
    nodes.push(node)
    return node
  }
  return { a: await start('a'), b: await start('b'), redisUrl: redis.url }
}

export interface ServerProcess {
  readonly url: string
  readonly process: ChildProcess
  /** Kills it as the system would where memory runs out: it can do nothing about it. */
  kill(): Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

const foldersOfProcesses: string[] = []
after(async () => {
  for (const folder of foldersOfProcesses) {
    await stopRedisLeftBehind(folder)
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
})

/**
 * A folder for a server that is to be killed. It goes with the file's last test, and first the redis-server that is left
 * behind in it: by then the server has ended, and starts no other.
 */
export async function folderOfProcess(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-process-'))
  foldersOfProcesses.push(folder)
  return folder
}

/** Starts the server as a process of its own, with its data in the folder of `folderOfProcess`. */
export async function startProcess(
  t: TestContext,
  folder: string,
  port = '0',
  { more = {}, filesMax }: { more?: Readonly<Record<string, string>>; filesMax?: number } = {},
): Promise<ServerProcess> {
  const env = {
    ...process.env,
    HOST: '127.0.0.1',
    PORT: port,
    DATA_DIR: folder,
    ADMIN_KEY: adminKey,
    RATE_LIMIT: 'off',
    ...more,
  }
  // The shell sets the limit, and then becomes the server.
  const limit = filesMax === undefined ? '' : `ulimit -n ${filesMax}; `
  const start = ['-c', `${limit}exec "$0" "$@"`, process.execPath, 'src/main.ts']
  const child = spawn('sh', start, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  t.after(kill)
  for await (const line of createInterface(child.stdout)) {
    const said: { msg: string; url: string } = JSON.parse(line)
    if (said.msg !== 'listening') continue
    child.stdout.resume()
    return { url: said.url, process: child, kill }
  }
  throw new Error('the server ended before it listened')
}

async function stopRedisLeftBehind(folder: string): Promise<void> {
  const url = await findEmbeddedRedis(folder)
  if (url === null) return
  const redis = new Redis({
    path: decodeURI(new URL(url).pathname),
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  })
  redis.on('error', () => undefined)
  // The answer to SHUTDOWN is that the connection ends.
  await redis.shutdown('NOSAVE').catch(() => undefined)
  redis.disconnect()
}
