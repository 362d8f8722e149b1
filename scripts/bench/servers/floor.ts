import { spawn } from 'node:child_process'
import { freePort } from '../../../test/faults/free-port.ts'
import { Program } from '../../../test/faults/program.ts'
import { compile, floorSource } from '../compile.ts'
import { batchOf } from '../posts.ts'
import { treeOf } from '../processes.ts'
import { listening } from './listening.ts'
import type { ServerKind } from './server.ts'

/** One send(2) for each follower: peers/floor.c. Posts reach it by its stdin, and are not answered. */
export const floor: ServerKind = {
  name: 'floor',
  prepare: async () => {
    await compile(floorSource)
  },
  start: async () => {
    const path = await compile(floorSource)
    const port = await freePort()
    const child = spawn(path, ['--port', String(port)], { stdio: ['pipe', 'ignore', 'inherit'] })
    const program = new Program('floor', () => child)
    program.start()
    child.stdin.on('error', () => undefined)
    const stop = async () => {
      await program.end()
    }
    await listening(program, port, stop)
    let offset = 0
    return {
      port,
      speech: { mode: 'ws', path: '/' },
      pids: () => (program.pid === undefined ? [] : treeOf(program.pid)),
      storePids: () => [],
      publish: async (draft, channel = 'bench') => {
        if (channel === 'bench') child.stdin.write(`${batchOf(channel, ++offset, draft)}\n`)
        return { offset, ms: null }
      },
      withStore: null,
      stop,
    }
  },
}
