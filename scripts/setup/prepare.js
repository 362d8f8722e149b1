import { fileURLToPath } from 'node:url'
import { ensureModules } from './modules.js'
import { buildAddon } from './native.js'
import { ensureNode } from './node-runtime.js'

/** The folder of the repository, without a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/**
 * What every script needs first. Gives the path of the Node to run.
 * @returns {Promise<string>}
 */
export async function prepare() {
  const node = await ensureNode(root)
  await ensureModules(root, node)
  await buildAddon(root, node)
  return node
}

/**
 * @param {readonly string[]} args
 */
export function asksForHelp(args) {
  return args.includes('--help') || args.includes('-h')
}
