import { spawn } from 'node:child_process'
import { freePort } from '../../../test/faults/free-port.ts'
import { Program } from '../../../test/faults/program.ts'
import { until } from '../../../test/faults/until.ts'
import { root } from '../../setup/prepare.js'
import { ensure, redis } from '../../setup/programs.js'
import { serverArgs } from '../../setup/server.js'
import { Calls } from '../calls.ts'
import { publishBody } from '../posts.ts'
import { treeOf } from '../processes.ts'
import type { Speech } from '../swarm.ts'
import { channels, type Published, type RunningServer, type ServerKind } from './server.ts'
import { Store } from './store.ts'

const adminKey = 'bench-admin-key-0123456789'
/** As many as a process here may open files for, and a few for all else. */
const connectionsMax = 19_500
const lifeline = new URL('../../setup/lifeline.js', import.meta.url).href

export const socketIo: Speech = { mode: 'socketio', path: '/socket.io/?EIO=4&transport=websocket' }

/** This repository's server, with a redis-server of its own that syncs each write to disk, as `npm start` has one. */
export const wirecopy: ServerKind = {
  name: 'Wirecopy',
  prepare: async () => {
    await ensure(root, redis)
  },
  start: async ({ folder, workers }) => {
    const port = await freePort()
    const store = await Store.start(folder)
    const program = new Program('Wirecopy', () => {
      const env = { ...process.env, ...settings(folder, port, store, workers) }
      // It ends with us, however we end, as it does with `npm start`.
      const args = ['--import', lifeline, ...serverArgs]
      return spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    })
    const calls = new Calls(port, { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' })
    const stop = async () => {
      calls.close()
      await program.end()
      await store.stop()
    }
    try {
      program.start()
      await ready(program, port)
      await createChannels(calls)
    } catch (error) {
      await stop()
      throw error
    }
    return running({ port, program, store, calls, stop })
  },
}

function settings(folder: string, port: number, store: Store, workers: number): Record<string, string> {
  return {
    HOST: '127.0.0.1',
    PORT: String(port),
    REDIS_URL: `unix://${store.path}`,
    DATA_DIR: folder,
    ADMIN_KEY: adminKey,
    NODE_NAME: 'bench',
    RATE_LIMIT: 'off',
    CONNECTIONS_MAX: String(connectionsMax),
    LOG_LEVEL: process.env['BENCH_LOG_LEVEL'] ?? 'silent',
    ...(workers === 1 ? {} : { WORKERS: String(workers) }),
  }
}

async function ready(program: Program, port: number): Promise<void> {
  await until('Wirecopy is ready', async () => {
    if (!program.runs) throw new Error('it ended')
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok
  })
}

async function createChannels(calls: Calls): Promise<void> {
  for (const id of channels) {
    const { status, text } = await calls.post('/v1/channels', JSON.stringify({ id, title: 'A channel to measure by' }))
    if (status !== 201) throw new Error(`A channel could not be created: ${status} ${text}`)
  }
}

interface Parts {
  readonly port: number
  readonly program: Program
  readonly store: Store
  readonly calls: Calls
  readonly stop: RunningServer['stop']
}

function running({ port, program, store, calls, stop }: Parts): RunningServer {
  return {
    port,
    speech: socketIo,
    pids: () => (program.pid === undefined ? [] : treeOf(program.pid)),
    storePids: () => store.pids,
    publish: async (draft, channel = 'bench'): Promise<Published> => {
      const { status, text, ms } = await calls.post(`/v1/channels/${channel}/posts`, publishBody(draft))
      if (status !== 201) throw new Error(`A post was answered with ${status}: ${text.slice(0, 200)}`)
      const { cursor } = JSON.parse(text) as { cursor: string }
      return { offset: Number(cursor.split(':').at(1)), ms }
    },
    withStore: (work) => store.with(work),
    stop,
  }
}
