import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { find, haproxy } from '../../scripts/setup/programs.js'
import { nodeOptions } from '../../scripts/setup/server.js'
import { freePort } from '../faults/free-port.ts'
import { until } from '../faults/until.ts'
import { adminKey, tempFolder } from '../helpers/server.ts'

export { until }

const root = fileURLToPath(new URL('../..', import.meta.url))
export const proxyConfig = join(root, 'deploy', 'haproxy.cfg')
export const proxyProgram = find(haproxy).path

/** What the image runs. */
export const startCommand: readonly string[] = ['node', ...nodeOptions, 'src/main.ts']

export interface ServerProcess {
  readonly name: string
  readonly url: string
  readonly process: ChildProcess
}

/** Starts a redis-server without a TCP port. Gives its address. */
export async function startRedis(t: TestContext): Promise<string> {
  const folder = await tempFolder()
  const socket = join(folder, 'redis.sock')
  const args = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--appendonly', 'yes']
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  stopAfter(t, child)
  await lineOf(child, (line) => line.includes('ready to accept connections'))
  return `unix://${socket}`
}

/** Starts a server as the image does, but on loopback, by default on a free port. */
export async function startNode(
  t: TestContext,
  name: string,
  redisUrl: string,
  more: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const [, ...args] = startCommand
  const env = {
    ...process.env,
    HOST: '127.0.0.1',
    PORT: '0',
    REDIS_URL: redisUrl,
    NODE_NAME: name,
    ADMIN_KEY: adminKey,
    TRUST_PROXY: '1',
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'info',
    ...more,
  }
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  stopAfter(t, child)
  const line = await lineOf(child, (text) => text.includes('"msg":"listening"'))
  return { name, url: String(JSON.parse(line).url), process: child }
}

/** Starts the proxy with the configuration of the compose file. Gives its address once it answers. */
export async function startProxy(t: TestContext, node1: string, node2: string): Promise<string> {
  const port = await freePort()
  const env = { BIND: `127.0.0.1:${port}`, NODE1: new URL(node1).host, NODE2: new URL(node2).host }
  // Its notices that a server is down are what some tests are about.
  const stdio = ['ignore', 'ignore', 'ignore'] as const
  const child = spawn(proxyProgram ?? '', ['-db', '-f', proxyConfig], { env, stdio: [...stdio] })
  stopAfter(t, child)
  const url = `http://127.0.0.1:${port}`
  await until('the proxy answers', async () => (await fetch(`${url}/proxy/alive`)).ok)
  return url
}

/** Resolves once the proxy gives new sessions to the node: a session says by its id which node took it. */
export async function proxyUses(url: string, name: string): Promise<void> {
  await until(`the proxy uses ${name}`, async () => {
    const answer = await (await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).text()
    const by = /"sid":"([a-z0-9-]+)\./.exec(answer)?.[1]
    if (by !== name) throw new Error(by ?? answer)
    return true
  })
}

function stopAfter(t: TestContext, child: ChildProcess): void {
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  })
}

/** The first line of a process's output that is looked for; the rest of the output is let go. */
async function lineOf(child: ChildProcess, isIt: (line: string) => boolean): Promise<string> {
  if (child.stdout === null) throw new Error('The process has no output.')
  const lines = createInterface(child.stdout)
  return await new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      if (isIt(line)) resolve(line)
    })
    lines.once('close', () => reject(new Error('The process ended before it was ready.')))
  })
}
