import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { capture, say } from './capture.js'
import { withLock } from './lock.js'

const compilers = ['cc', 'gcc', 'clang']
const options = ['-O2', '-Wall', '-Wextra', '-shared', '-fPIC']

/**
 * The addon by which batches are sent, where src/feed/native/sockets.ts looks for it. Its name holds the source's hash.
 * @param {string} root
 */
function addonPath(root) {
  const source = readFileSync(sourcePath(root))
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 16)
  return join(root, '.toolchain', 'native', `sockets-${process.platform}-${process.arch}-${hash}.node`)
}

/** @param {string} root */
function sourcePath(root) {
  return join(root, 'src', 'feed', 'native', 'sockets.c')
}

/**
 * Builds the addon where there is none and it can be built: on Linux, with a C compiler, and with the headers that come
 * with Node. Where it can't, the server does without, more slowly; nothing fails.
 * @param {string} root
 * @param {string} node path of the Node that will load it
 * @returns {Promise<boolean>} whether it is there
 */
export async function buildAddon(root, node) {
  const path = addonPath(root)
  if (existsSync(path)) return true
  const headers = join(dirname(dirname(node)), 'include', 'node')
  if (process.platform !== 'linux' || !existsSync(join(headers, 'node_api.h'))) return false
  return await withLock(join(root, '.toolchain'), async () => {
    if (existsSync(path)) return true
    mkdirSync(dirname(path), { recursive: true })
    const made = `${path}.${process.pid}`
    for (const compiler of compilers) {
      const args = [...options, '-I', headers, sourcePath(root), '-o', made]
      const { code, output } = await capture(compiler, args).catch(() => ({ code: null, output: '' }))
      if (code === 0) {
        // It comes into its place whole, whatever interrupts this.
        renameSync(made, path)
        say('Fan-out: the addon for send(2) is built.')
        return true
      }
      rmSync(made, { force: true })
      if (code !== null)
        say(`Fan-out: the addon for send(2) could not be built, and is done without.\n${output.trimEnd()}`)
    }
    return false
  })
}
