import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../../test/faults/free-port.ts'
import { Program } from '../../../test/faults/program.ts'
import { root } from '../../setup/prepare.js'
import { ensure, nchan as nginx } from '../../setup/programs.js'
import { Calls } from '../calls.ts'
import { spawnLeashed } from '../leash.ts'
import { batchOf } from '../posts.ts'
import { treeOf } from '../processes.ts'
import { listening } from './listening.ts'
import type { Channel, ServerKind } from './server.ts'

const template = join(import.meta.dirname, '..', 'peers', 'nchan.conf')
const paths: Readonly<Record<Channel, string>> = { bench: '/publish', quiet: '/publish-quiet' }

/** Debian's nginx with its module Nchan, by peers/nchan.conf. Posts are published to it over HTTP. */
export const nchan: ServerKind = {
  name: 'Nchan',
  prepare: async () => {
    await ensure(root, nginx)
  },
  start: async ({ folder }) => {
    const path = await ensure(root, nginx)
    const port = await freePort()
    const config = join(folder, 'nginx.conf')
    const text = await readFile(template, 'utf8')
    await writeFile(config, text.replaceAll('__PORT__', String(port)).replaceAll('__FOLDER__', folder))
    const args = ['-c', config, '-p', folder, '-e', join(folder, 'error.log')]
    const program = new Program('nginx', () => spawnLeashed(path, args))
    const calls = new Calls(port, { 'content-type': 'application/json' })
    const stop = async () => {
      calls.close()
      await program.end()
    }
    program.start()
    await listening(program, port, stop)
    const offsets = { bench: 0, quiet: 0 }
    return {
      port,
      speech: { mode: 'ws', path: '/follow' },
      pids: () => (program.pid === undefined ? [] : treeOf(program.pid)),
      storePids: () => [],
      publish: async (draft, channel = 'bench') => {
        const offset = ++offsets[channel]
        const { status, ms } = await calls.post(paths[channel], batchOf(channel, offset, draft))
        // 201 where somebody follows, 202 where nobody does.
        if (status !== 201 && status !== 202) throw new Error(`Nchan answered a post with ${status}`)
        return { offset, ms }
      },
      withStore: null,
      stop,
    }
  },
}
