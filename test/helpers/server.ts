import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import { pino } from 'pino'
import { openWirecopy } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'

export interface TestServer {
  readonly url: string
  readonly adminKey: string
  /** Stops it before the test's end. */
  close(): Promise<void>
}

export const adminKey = 'test-admin-key-0123456789'

// A run that is told to end takes along what its tests have started: by a signal alone a process ends without `exit`.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const folders: string[] = []
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/**
 * A folder of the test's own. It goes with the file's last test: a test's own hooks run in the order in which they were
 * made, so one made here would take the folder from under a server that is still to be closed.
 */
export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-test-'))
  folders.push(folder)
  return folder
}

/**
 * Starts the whole server in this process, with a private redis-server of its own unless `env` has a REDIS_URL, on a
 * free port. It stops with the test.
 */
export async function startServer(t: TestContext, env: Record<string, string> = {}): Promise<TestServer> {
  const folder = env['DATA_DIR'] ?? (await tempFolder())
  const config = readConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: folder,
    ADMIN_KEY: adminKey,
    RATE_LIMIT: 'off',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    ...env,
  })
  const wirecopy = await openWirecopy(config, pino({ level: config.LOG_LEVEL }))
  let closed: Promise<void> | null = null
  const close = () => {
    closed ??= wirecopy.close()
    return closed
  }
  t.after(close)
  return { url: wirecopy.url, adminKey: wirecopy.adminKey, close }
}
