import { parentPort } from 'node:worker_threads'
import type { BodyInput } from '../wire/post.ts'
import { type Rendered, renderBody } from './body.ts'

/** What the thread says: once that it runs, then one answer for each body. `cpuUs` is what it has used since its start. */
export type Said =
  | { readonly kind: 'ready'; readonly cpuUs: number }
  | { readonly kind: 'rendered'; readonly rendered: Rendered; readonly cpuUs: number }
  | { readonly kind: 'failed'; readonly error: unknown; readonly cpuUs: number }

/** The thread that renders bodies, one at a time, so that none holds up the event loop. */
function say(said: Said): void {
  parentPort?.postMessage(said)
}

parentPort?.on('message', (input: BodyInput) => {
  let said: Said
  try {
    said = { kind: 'rendered', rendered: renderBody(input), cpuUs: cpuUs() }
  } catch (error) {
    said = { kind: 'failed', error, cpuUs: cpuUs() }
  }
  say(said)
})
say({ kind: 'ready', cpuUs: cpuUs() })

function cpuUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}
