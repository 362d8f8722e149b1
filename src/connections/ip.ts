import { isIP, SocketAddress } from 'node:net'

/** The form in which an address is counted; null if the text is no IP address. */
export function addressGroup(text: string): string | null {
  const family = isIP(text)
  if (family === 4) return text
  if (family !== 6) return null
  const canonical = canonicalIPv6(text)
  return mappedIPv4(canonical) ?? networkOf(canonical)
}

/** The shortest form, in lower case (RFC 5952). The zone, which may have any length, is of this machine only. */
export function canonicalIPv6(text: string): string {
  const [address = ''] = text.split('%', 1)
  return new SocketAddress({ address, family: 'ipv6' }).address
}

/** The IPv4 address that a socket for both families shows as `::ffff:192.0.2.1` (RFC 4291, 2.5.5.2). */
export function mappedIPv4(canonical: string): string | null {
  const last = canonical.slice('::ffff:'.length)
  return canonical.startsWith('::ffff:') && isIP(last) === 4 ? last : null
}

const groupsOfNetwork = 4
const groupsOfAddress = 8

/** The first 64 bits, such as `2001:db8:0:1::/64`. */
function networkOf(canonical: string): string {
  const [before = '', after] = canonical.split('::')
  const head = before === '' ? [] : before.split(':')
  const tail = after === undefined || after === '' ? [] : after.split(':')
  const tailGroups = tail.length + (tail.at(-1)?.includes('.') === true ? 1 : 0)
  const zeros = after === undefined ? 0 : Math.max(0, groupsOfAddress - head.length - tailGroups)
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail].slice(0, groupsOfNetwork)
  return `${groups.join(':')}::/64`
}
