import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { addressGroup } from './ip.ts'
import { openFilesMax } from './open-files.ts'
import { Networks, type TrustProxy } from './trust-proxy.ts'

type Listener = (socket: Socket) => void
export type RefusalReason = 'connections' | 'address'

/** The other files are for Redis, logs, and the process itself. */
const filesShare = 0.9
const otherFilesMin = 64
/**
 * Among several workers a poll may take three files: its connection, and both ends of the one by which it is sent on to
 * another worker.
 */
const filesShareAmongWorkers = 1 / 3
/**
 * Connections of an address beyond those of its followers: an office of a thousand readers shares one, and a browser
 * opens up to three to load a page.
 */
const beyondFollowersMax = 3_000

/** Connections of all kinds that a process accepts, so that its files can't be used up; Infinity if files have no limit. */
export function openConnectionsMax(workers: number): number {
  const files = openFilesMax()
  const usable = Math.min(files - otherFilesMin, files * filesShare)
  return Math.max(16, Math.floor(workers === 1 ? usable : usable * filesShareAmongWorkers))
}

export interface ConnectionLimits {
  readonly inAllMax: number
  /** Followers that one address may have; Infinity if addresses do not count. */
  readonly followersPerAddressMax: number
  readonly trustProxy: TrustProxy
  readonly refused: (reason: RefusalReason) => void
}

/** Ends connections past the limits as they come, before anything is kept for them. */
export function limitConnections(server: Server, limits: ConnectionLimits): void {
  const { inAllMax, followersPerAddressMax, trustProxy, refused } = limits
  if (Number.isFinite(inAllMax)) server.maxConnections = inAllMax
  server.on('drop', () => refused('connections'))
  // If a number of proxies is trusted, every peer is taken for one.
  if (!Number.isFinite(followersPerAddressMax) || typeof trustProxy === 'number') return
  const perAddressMax = Math.min(followersPerAddressMax + beyondFollowersMax, Math.ceil(inAllMax / 2))
  const proxies = trustProxy === 'off' ? null : new Networks(trustProxy)
  const open = new Map<string, number>()
  const listeners = server.listeners('connection') as Listener[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket
    const address = addressGroup(remoteAddress)
    // Without an address it has ended already, or is not from the network.
    if (address !== null && proxies?.have(remoteAddress) !== true) {
      const others = open.get(address) ?? 0
      if (others >= perAddressMax) {
        socket.destroy()
        refused('address')
        return
      }
      open.set(address, others + 1)
      socket.once('close', () => {
        const left = (open.get(address) ?? 1) - 1
        if (left > 0) open.set(address, left)
        else open.delete(address)
      })
    }
    for (const listener of listeners) listener.call(server, socket)
  })
}
