/** The ways to follow, best first. */
export const allTransports = ['socket', 'sse', 'poll'] as const
export type Transport = (typeof allTransports)[number]

/** Socket.IO's own names of two of them. */
const aliases = { websocket: 'socket', polling: 'poll' } as const satisfies Record<string, Transport>
export type TransportAlias = keyof typeof aliases

const byName = new Map<string, Transport>([
  ...allTransports.map((transport) => [transport, transport] as const),
  ...Object.entries(aliases),
])

/** The transports that are named, best first. Throws a `RangeError` if none is, or an unknown one. */
export function transportsOf(named: readonly (Transport | TransportAlias)[]): readonly Transport[] {
  const chosen = named.map((name) => {
    const transport = byName.get(name)
    if (transport === undefined) throw new RangeError(`there is no transport "${name}"; ${known()}`)
    return transport
  })
  if (chosen.length === 0) throw new RangeError(`a feed needs one transport or more; ${known()}`)
  return allTransports.filter((transport) => chosen.includes(transport))
}

function known(): string {
  const others = Object.entries(aliases).map(([alias, transport]) => `${alias} for ${transport}`)
  return `there are ${allTransports.join(', ')}, and ${others.join(' and ')}`
}
