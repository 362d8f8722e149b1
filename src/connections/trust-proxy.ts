import { BlockList, isIP } from 'node:net'
import { canonicalIPv6, mappedIPv4 } from './ip.ts'

/** Which entries of X-Forwarded-For count: none, those of so many proxies, or those that proxies in networks wrote. */
export type TrustProxy = 'off' | number | readonly string[]

/** Proxies in a row that are believed; past them nothing is. */
export const hopsMax = 16

const named: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/** Reads the setting. Throws an Error that says what to write instead. */
export function readTrustProxy(text: string): TrustProxy {
  const setting = text.trim()
  if (setting === 'off') return 'off'
  if (['on', 'true', 'yes'].includes(setting)) {
    throw new Error(
      `must say which proxies: their number, such as 1 for one that stands in front of this server, or their networks, such as 10.0.0.0/8,loopback; "${setting}" would believe what clients write`,
    )
  }
  if (/^\d+$/.test(setting)) {
    const hops = Number(setting)
    if (hops < 1 || hops > hopsMax) throw new Error(`must be off, or from 1 to ${hopsMax} proxies, or their networks`)
    return hops
  }
  const networks = setting.split(',').map((network) => network.trim())
  new Networks(networks)
  return networks
}

/** Networks in proxy-addr's notation: an address, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `loopback` and its like. */
export class Networks {
  readonly #list = new BlockList()

  /** Throws an Error that names the first network that can't be read. */
  constructor(networks: readonly string[]) {
    for (const network of networks.flatMap((name) => named[name] ?? [name])) this.#add(network)
  }

  /** False for what is no IP address. */
  have(address: string): boolean {
    const family = isIP(address)
    if (family === 0) return false
    if (family === 4) return this.#list.check(address, 'ipv4')
    const canonical = canonicalIPv6(address)
    const mapped = mappedIPv4(canonical)
    return mapped === null ? this.#list.check(canonical, 'ipv6') : this.#list.check(mapped, 'ipv4')
  }

  #add(network: string): void {
    const [address = '', bits, ...more] = network.split('/')
    const family = isIP(address)
    const length = family === 4 ? 32 : 128
    const prefix = bits === undefined ? length : prefixOf(bits, family)
    if (family === 0 || address.includes('%') || more.length > 0 || !(prefix >= 1 && prefix <= length)) {
      throw new Error(
        `must be off, a number of proxies, or networks such as 10.0.0.0/8, fd00::/8 or loopback, separated by commas; "${network}" is none of these`,
      )
    }
    if (family === 4) {
      this.#list.addSubnet(address, prefix, 'ipv4')
      return
    }
    const canonical = canonicalIPv6(address)
    const mapped = mappedIPv4(canonical)
    if (mapped !== null && prefix > 96) this.#list.addSubnet(mapped, prefix - 96, 'ipv4')
    else this.#list.addSubnet(canonical, prefix, 'ipv6')
  }
}

/** A number of bits, or for IPv4 a mask such as 255.255.0.0; NaN if it is neither. */
function prefixOf(text: string, family: number): number {
  if (/^\d{1,3}$/.test(text)) return Number(text)
  if (family !== 4 || isIP(text) !== 4) return Number.NaN
  const bits = text
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('')
  return /^1+0*$/.test(bits) ? bits.replaceAll('0', '').length : Number.NaN
}
