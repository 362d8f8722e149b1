import { setTimeout as delay } from 'node:timers/promises'
import { on } from './fault.ts'
import type { Program } from './program.ts'
import { plain } from './setting.ts'
import { until } from './until.ts'

const downMs = 1_000

const workersOfNode = 2
const manned = { ...plain, nodeEnv: { WORKERS: String(workersOfNode) } }

export const nodeFaults = {
  'one node killed': on(plain, async ({ nodes }) => {
    for (const node of nodes.slice(0, 1)) await killAndStart([node])
  }),
  'all nodes killed': on(plain, ({ nodes }) => killAndStart(nodes)),
  'one node stopped': on(plain, async ({ nodes }) => {
    for (const node of nodes.slice(0, 1)) {
      const code = await node.end('SIGTERM')
      node.start()
      if (code !== 0) throw new Error(`A node that was told to stop ended with ${code ?? 'a signal'}, not with 0.`)
    }
  }),
  // One of each node. Their primaries start them again.
  'one worker killed': on(manned, async ({ nodes }) => {
    for (const node of nodes) {
      const [worker] = node.children()
      if (worker === undefined) throw new Error(`${node.name} has no workers.`)
      process.kill(worker, 'SIGKILL')
      await until(
        `the worker of ${node.name} is started again`,
        () => node.children().length === workersOfNode && !node.children().includes(worker),
      )
    }
  }),
} as const

export async function killAndStart(programs: readonly Program[]): Promise<void> {
  await Promise.all(programs.map((program) => program.end('SIGKILL')))
  await delay(downMs)
  for (const program of programs) program.start()
}
