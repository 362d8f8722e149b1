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
}

/** A Wirecopy node as a process of its own, or several where its setting has workers. */
export class Node extends Program {
  /** Where it listens. */
  readonly url: string

  constructor({ name, port, redisUrl, env }: NodeOptions) {
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
    super(name, () =>
      spawn(process.execPath, ['src/main.ts'], { cwd: root, env: all, stdio: ['ignore', 'inherit', 'inherit'] }),
    )
    this.url = `http://127.0.0.1:${port}`
  }
}
