import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { freePort } from '../../../test/faults/free-port.ts'
import { Program } from '../../../test/faults/program.ts'
import { root } from '../../setup/prepare.js'
import { ensure, redis } from '../../setup/programs.js'
import { Calls } from '../calls.ts'
import { batchOf } from '../posts.ts'
import { treeOf } from '../processes.ts'
import { listening } from './listening.ts'
import type { RunningServer, ServerKind, StartOptions } from './server.ts'
import { Store } from './store.ts'
import { socketIo } from './wirecopy.ts'

const server = join(import.meta.dirname, '..', 'peers', 'socket-io.ts')

/** Socket.IO as it comes: peers/socket-io.ts with the adapter that it has by itself. */
export const stockSocketIo: ServerKind = {
  name: 'Socket.IO',
  prepare: () => Promise.resolve(),
  start: async () => await start(null),
}

/** The same with the Redis Streams adapter, and a redis-server as Wirecopy's. */
export const redisStreams: ServerKind = {
  name: 'Socket.IO, Redis Streams',
  prepare: async () => {
    await ensure(root, redis)
  },
  start: async ({ folder }: StartOptions) => {
    const store = await Store.start(folder)
    try {
      return await start(store)
    } catch (error) {
      await store.stop()
      throw error
    }
  },
}

async function start(store: Store | null): Promise<RunningServer> {
  const port = await freePort()
  const args = [server, String(port), ...(store === null ? [] : [store.path])]
  // It ends when its stdin does, and so with us.
  const program = new Program('Socket.IO', () =>
    spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'] }),
  )
  const calls = new Calls(port, { 'content-type': 'application/json' })
  const stop = async () => {
    calls.close()
    await program.end()
    await store?.stop()
  }
  program.start()
  await listening(program, port, stop)
  const offsets = { bench: 0, quiet: 0 }
  return {
    port,
    speech: socketIo,
    pids: () => (program.pid === undefined ? [] : treeOf(program.pid)),
    storePids: () => store?.pids ?? [],
    publish: async (draft, channel = 'bench') => {
      const offset = ++offsets[channel]
      const { status, ms } = await calls.post('/publish', batchOf(channel, offset, draft))
      if (status !== 201) throw new Error(`Socket.IO answered a post with ${status}`)
      return { offset, ms }
    },
    withStore: store === null ? null : (work) => store.with(work),
    stop,
  }
}
