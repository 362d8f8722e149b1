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
interface Addon {
  readonly sendAll: SendAll
  readonly sendAllByRing: SendAll
  /** Gives 0, or the negative errno where there is no io_uring for us. */
  readonly openRing: () => number
  readonly deferAccept: (descriptor: number, seconds: number) => number
}

export interface NativeSockets {
  /** Null where batches are to go by the sockets' streams. */
  readonly sendAll: SendAll | null
  /** Has a listening socket give out connections once something has come on them. Gives 0, or the negative errno. */
  readonly deferAccept: (descriptor: number, seconds: number) => number
}

/** How batches go out; `auto`: by io_uring where the system has one for us, else by send(2). */
export type FanOut = 'auto' | 'send' | 'stream'

const source = new URL('sockets.c', import.meta.url)

/** Where `scripts/setup/native.js` puts the addon. By the source's hash, so that one of another version is not taken. */
function addonFile(): string {
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const name = `sockets-${process.platform}-${process.arch}-${hash}.node`
  return fileURLToPath(new URL(`../../../.toolchain/native/${name}`, import.meta.url))
}

/** The addon where it has been built; else null, and batches go by each socket's stream. */
export function loadNativeSockets(logger: Logger, fanOut: FanOut = 'auto'): NativeSockets | null {
  const addon = load(logger)
  if (addon === null) return null
  const { sendAll, sendAllByRing, deferAccept } = addon
  if (fanOut === 'stream') {
    logger.info({ fanOut }, 'batches go by the sockets’ streams, as they are told to')
    return { sendAll: null, deferAccept }
  }
  const failed = fanOut === 'auto' ? addon.openRing() : null
  if (failed === 0) {
    logger.info({ fanOut: 'io_uring' }, 'batches go by io_uring')
    return { sendAll: sendAllByRing, deferAccept }
  }
  // Why there is no io_uring: ENOSYS, or EPERM where it is forbidden.
  logger.info({ fanOut: 'send', ...(failed === null ? {} : { errno: -failed }) }, 'batches go by send(2)')
  return { sendAll, deferAccept }
}

function load(logger: Logger): Addon | null {
  const file = addonFile()
  if (!existsSync(file)) {
    logger.info({ fanOut: 'stream' }, 'batches go by the sockets’ streams: the addon for send(2) is not built')
    return null
  }
  const loaded: { exports: Addon | Record<string, never> } = { exports: {} }
  try {
    process.dlopen(loaded, file)
  } catch (error) {
    logger.warn(
      { fanOut: 'stream', error: String(error) },
      'batches go by the sockets’ streams: the addon does not load',
    )
    return null
  }
  return 'sendAll' in loaded.exports ? (loaded.exports as Addon) : null
}
