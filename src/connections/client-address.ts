import type { IncomingHttpHeaders } from 'node:http'
import { addressGroup } from './ip.ts'
import { hopsMax, Networks, type TrustProxy } from './trust-proxy.ts'

/** What a request says of where it comes from. */
export interface Asking {
  readonly headers: IncomingHttpHeaders
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** Stands for every client whose address is not known, such as one that has left already. */
const unknown = 'unknown'

/**
 * Returns the function by which the whole server tells clients apart: an IPv4 address, or the first 64 bits of an IPv6
 * address, since a provider gives that much to one household. The text has 39 characters at most.
 *
 * Only what a trusted proxy wrote counts. Each proxy appends to X-Forwarded-For the address from which it was asked, so
 * the list is read from the right. If the entry that would count is no IP address, the socket's address counts.
 */
export function clientAddresses(trust: TrustProxy): (asking: Asking) => string {
  const ofSocket = ({ socket }: Asking) => addressGroup(socket.remoteAddress ?? '') ?? unknown
  if (trust === 'off') return ofSocket
  const forwarded = typeof trust === 'number' ? byHops(trust) : byNetworks(new Networks(trust))
  return (asking) => {
    const header = asking.headers['x-forwarded-for']
    const named = typeof header === 'string' ? forwarded(header, asking.socket.remoteAddress ?? '') : null
    return (named === null ? null : addressGroup(named)) ?? ofSocket(asking)
  }
}

/** The entry that the last of so many proxies wrote; if fewer have written, the first entry. */
function byHops(hops: number): (header: string) => string | null {
  return (header) => {
    let last: string | null = null
    let left = hops
    for (const entry of fromRight(header)) {
      last = entry
      if (--left === 0) break
    }
    return last
  }
}

/** The first entry from the right that is not in a trusted network, if the socket's address is in one. */
function byNetworks(networks: Networks): (header: string, remoteAddress: string) => string | null {
  return (header, remoteAddress) => {
    if (!networks.have(remoteAddress)) return null
    let left = hopsMax
    let last: string | null = null
    for (const entry of fromRight(header)) {
      last = entry
      if (!networks.have(entry)) return entry
      if (--left === 0) return null
    }
    return last
  }
}

/** The entries of the list, the last one first. Only as much is read as is asked for. */
function* fromRight(header: string): Generator<string> {
  for (let end = header.length; end >= 0; ) {
    const comma = end === 0 ? -1 : header.lastIndexOf(',', end - 1)
    yield withoutPort(header.slice(comma + 1, end).trim())
    end = comma
  }
}

const port = /^:[0-9]{1,5}$/

/** The address of an entry: some proxies write `203.0.113.7:8080`, `[2001:db8::1]` or `[2001:db8::1]:8080`. */
function withoutPort(entry: string): string {
  const end = entry.startsWith('[') ? entry.indexOf(']') : entry.indexOf(':')
  if (end < 0) return entry
  if (entry.startsWith('[')) {
    const behind = entry.slice(end + 1)
    return behind === '' || port.test(behind) ? entry.slice(1, end) : entry
  }
  // An IPv6 address has two colons at least, and no port without brackets.
  return port.test(entry.slice(end)) ? entry.slice(0, end) : entry
}
