import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'

/**
 * Sends the same bytes to each of the first `count` descriptors, without blocking. `results` gets, for each, the bytes
 * that the kernel took, or the negative errno.
 */
export type SendAll = (descriptors: Int32Array, count: number, bytes: Uint8Array, results: Int32Array) => number

/** What the addon can do that Node has no call for; src/feed/native/sockets.c says what. */
export interface NativeSockets {
  readonly sendAll: SendAll
  /** Has a listening socket give out connections once something has come on them. Gives 0, or the negative errno. */
  readonly deferAccept: (descriptor: number, seconds: number) => number
}

const source = new URL('sockets.c', import.meta.url)

/** Where `scripts/setup/native.js` puts the addon. By the source's hash, so that one of another version is not taken. */
function addonFile(): string {
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const name = `sockets-${process.platform}-${process.arch}-${hash}.node`
  return fileURLToPath(new URL(`../../../.toolchain/native/${name}`, import.meta.url))
}

/** The addon where it has been built; else null, and batches go through each socket's stream. */
export function loadNativeSockets(logger: Logger): NativeSockets | null {
  const file = addonFile()
  if (!existsSync(file)) {
    logger.info({ fanOut: 'stream' }, 'batches go by the sockets’ streams: the addon for send(2) is not built')
    return null
  }
  const loaded: { exports: Partial<NativeSockets> } = { exports: {} }
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
  const { sendAll, deferAccept } = loaded.exports
  return sendAll === undefined || deferAccept === undefined ? null : { sendAll, deferAccept }
}
