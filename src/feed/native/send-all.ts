import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'

/**
 * Sends the same bytes to each of the first `count` descriptors, without blocking. `results` gets, for each, the bytes
 * that the kernel took, or the negative errno.
 */
export type SendAll = (descriptors: Int32Array, count: number, bytes: Uint8Array, results: Int32Array) => number

const source = new URL('send-all.c', import.meta.url)

/** Where `scripts/setup/native.js` puts the addon. By the source's hash, so that one of another version is not taken. */
function addonFile(): string {
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const name = `send-all-${process.platform}-${process.arch}-${hash}.node`
  return fileURLToPath(new URL(`../../../.toolchain/native/${name}`, import.meta.url))
}

/** The addon where it has been built; else null, and batches go through each socket's stream. */
export function loadSendAll(logger: Logger): SendAll | null {
  const file = addonFile()
  if (!existsSync(file)) {
    logger.info({ fanOut: 'stream' }, 'batches go by the sockets’ streams: the addon for send(2) is not built')
    return null
  }
  const loaded: { exports: { sendAll?: SendAll } } = { exports: {} }
  try {
    process.dlopen(loaded, file)
  } catch (error) {
    logger.warn(
      { fanOut: 'stream', error: String(error) },
      'batches go by the sockets’ streams: the addon does not load',
    )
    return null
  }
  logger.info({ fanOut: 'send' }, 'batches go by send(2)')
  return loaded.exports.sendAll ?? null
}
