/**
 * What a client of Socket.IO says over a websocket: packets of Engine.IO (protocol 4), and, in its messages, packets of
 * Socket.IO (protocol 5). Binary ones are not among them: nothing that a follower says is binary.
 */
export type ClientPacket =
  | { readonly kind: 'pong' }
  | { readonly kind: 'close' }
  | { readonly kind: 'connect'; readonly namespace: string }
  | { readonly kind: 'disconnect'; readonly namespace: string }
  | { readonly kind: 'event'; readonly namespace: string; readonly id: string | null; readonly event: unknown[] }
  /** Nothing that has to be answered. */
  | { readonly kind: 'other' }
  | { readonly kind: 'bad' }

const bad: ClientPacket = { kind: 'bad' }
const other: ClientPacket = { kind: 'other' }
const pong: ClientPacket = { kind: 'pong' }
const close: ClientPacket = { kind: 'close' }

export const defaultNamespace = '/'
/** Type, namespace up to its comma or the end, id of the acknowledgement, data. */
const socketPacket = /^([0-4])(?:(\/[^,]{0,200})(?:,|$))?(\d{1,15})?/

export function parsePacket(text: string): ClientPacket {
  switch (text.charAt(0)) {
    case '3':
      return pong
    case '1':
      return close
    case '4':
      return parseMessage(text.slice(1))
    // Noop. A ping is the server's to send, and a probe is of an upgrade, of which this is none.
    case '6':
      return other
    default:
      return bad
  }
}

function parseMessage(text: string): ClientPacket {
  const match = socketPacket.exec(text)
  if (match === null) return bad
  const [whole, type = '', namespace = defaultNamespace, id] = match
  const rest = text.slice(whole.length)
  switch (type) {
    case '0':
      return id === undefined && (rest === '' || isObject(parsed(rest))) ? { kind: 'connect', namespace } : bad
    case '1':
      return rest === '' ? { kind: 'disconnect', namespace } : bad
    case '2': {
      const event = parsed(rest)
      if (!Array.isArray(event) || typeof event[0] !== 'string') return bad
      return { kind: 'event', namespace, id: id ?? null, event }
    }
    // An acknowledgement of what was never asked to be acknowledged, or a client's error: of no use here.
    default:
      return other
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What is no JSON is no packet either.
    return undefined
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Makes Engine.IO packets that open a connection: all the same but for the session's name, which needs no escapes. */
export function openPackets(
  timing: { pingInterval: number; pingTimeout: number },
  maxPayload: number,
): (sid: string) => string {
  const rest = JSON.stringify({ upgrades: [], ...timing, maxPayload }).slice(1)
  return (sid) => `0{"sid":"${sid}",${rest}`
}

export const pingPacket = '2'

/** The session's name needs no escapes. */
export function connectPacket(sid: string): string {
  return `40{"sid":"${sid}"}`
}

export function connectErrorPacket(namespace: string, message: string): string {
  return `44${namespace},${JSON.stringify({ message })}`
}

export function eventPacket(name: string, json: string): string {
  return `42[${JSON.stringify(name)},${json}]`
}
