import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, realpath, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { ownFolder, requireTrustedFolder } from '../private-files.ts'
import { answers, RedisServer, stopOrphan } from './redis-server.ts'

/** A redis-server of one's own, reached by a unix socket. */
export interface EmbeddedRedis {
  readonly url: string
  close(): Promise<void>
}

/** Socket paths end at 104 to 108 bytes, by system (unix(7)). */
const socketPathBytesMax = 100

/**
 * Starts a redis-server whose data lies in the folder, with an append-only file and no TCP port. One process at a time
 * may have the folder; a second one is refused, and so is a folder that others may write to. A redis-server left behind by a process that was killed is stopped
 * first, which loses nothing; one that ends while it is needed is started again.
 */
export async function startEmbeddedRedis(folder: string, logger: Logger): Promise<EmbeddedRedis> {
  await mkdir(join(folder, 'redis'), { recursive: true, mode: 0o700 })
  const sockets = await socketFolder(folder)
  const lock = await lockFolder(join(sockets, 'lock.sock'), folder)
  try {
    const socket = join(sockets, 'redis.sock')
    await stopOrphan(socket, logger)
    const server = await RedisServer.start(join(folder, 'redis'), socket, logger)
    return {
      url: `unix://${encodeURI(socket)}`,
      close: async () => {
        await server.stop()
        await closeLock(lock)
      },
    }
  } catch (error) {
    await closeLock(lock)
    throw error
  }
}

/** The address of a redis-server that a running Wirecopy has for the folder, or null where none runs. */
export async function findEmbeddedRedis(folder: string): Promise<string | null> {
  await mkdir(folder, { recursive: true })
  const socket = join(await socketFolder(folder), 'redis.sock')
  return (await answers(socket)) ? `unix://${encodeURI(socket)}` : null
}

/** Sockets lie with the data, or, where that path is too long for a socket, in a folder named by the path's hash. */
async function socketFolder(folder: string): Promise<string> {
  const real = await realpath(folder)
  await requireTrustedFolder(real)
  if (Buffer.byteLength(join(real, 'redis.sock')) <= socketPathBytesMax) return real
  const short = join('/tmp', `wirecopy-${createHash('sha256').update(real).digest('hex').slice(0, 16)}`)
  await ownFolder(short)
  return short
}

/** Holds the folder by listening on a socket in it: the system lets go of that with the process, however it ends. */
async function lockFolder(path: string, folder: string): Promise<Server> {
  for (let tries = 0; tries < 2; tries++) {
    const server = createServer((connection) => connection.destroy())
    server.listen(path)
    try {
      await once(server, 'listening')
      return server.unref()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
    if (await answers(path)) break
    await rm(path, { force: true })
  }
  throw new Error(
    `The data folder ${folder} is in use by another Wirecopy. Stop that one, or set DATA_DIR to another folder.`,
  )
}

async function closeLock(lock: Server): Promise<void> {
  lock.close()
  await once(lock, 'close')
}
