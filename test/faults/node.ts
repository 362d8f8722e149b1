import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Program } from './program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export const adminKey = 'faults-admin-key-0123456789'
/** Begins every key in Redis. */
export const prefix = 'wirecopy'

export interface NodeOptions {
  readonly name: string
  readonly port: number
  readonly redisUrl: string
  readonly env: Readonly<Record<string, string>>
  /** Files that it may open (`ulimit -n`). Default: as many as this process may. */
  readonly openFilesMax?: number
}

/** A Wirecopy node as a process of its own, or several where its setting has workers. */
export class Node extends Program {
  /** Where it listens. */
  readonly url: string

  constructor({ name, port, redisUrl, env, openFilesMax }: NodeOptions) {
    const all = {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: String(port),
      REDIS_URL: redisUrl,
      REDIS_PREFIX: prefix,
      NODE_NAME: name,
      ADMIN_KEY: adminKey,
      RATE_LIMIT: 'off',
      LOG_LEVEL: process.env['FAULTS_LOG_LEVEL'] ?? 'silent',
      ...env,
    }
    const [command, ...args] =
      openFilesMax === undefined
        ? [process.execPath, 'src/main.ts']
        : ['sh', '-c', `ulimit -n ${openFilesMax} && exec "$0" "$@"`, process.execPath, 'src/main.ts']
    super(name, () => spawn(command, args, { cwd: root, env: all, stdio: ['ignore', 'inherit', 'inherit'] }))
    this.url = `http://127.0.0.1:${port}`
  }
}
