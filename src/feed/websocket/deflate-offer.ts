const extensionCharsMax = 1_000
/** A parameter of an extension: a token, and perhaps a value, which may stand in quotes (RFC 6455, 9.1). */
const parameterPattern = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:=(?:([^"]+)|"([^"]+)"))?$/
const windowBits = /^(?:8|9|1[0-5])$/

/**
 * What to answer to the extensions that a client offers, or null if none is agreed to. Of permessage-deflate only the form
 * without memory from message to message is agreed to (RFC 7692, 7.1.1): so a batch is compressed once for all. The first
 * offer that is valid and can be met counts; what is not valid is declined (RFC 7692, 7.1), and the connection goes on
 * without compression.
 */
export function agreeDeflate(offers: string | undefined): string | null {
  if (offers === undefined || offers.length > extensionCharsMax) return null
  for (const offer of offers.split(',')) {
    const [name = '', ...parameters] = offer.split(';').map((part) => part.trim())
    const asked = name === 'permessage-deflate' ? readParameters(parameters) : null
    if (asked === null) continue
    // A window that the client asks for has to be named in the answer (RFC 7692, 7.1.2.1).
    const window = asked.has('server_max_window_bits') ? '; server_max_window_bits=15' : ''
    return `permessage-deflate; server_no_context_takeover; client_no_context_takeover${window}`
  }
  return null
}

/** The names of an offer's parameters; null if one of them is not valid, comes twice, or can't be met. */
function readParameters(parameters: readonly string[]): ReadonlySet<string> | null {
  const names = new Set<string>()
  for (const parameter of parameters) {
    const match = parameterPattern.exec(parameter)
    const name = match?.[1]
    if (name === undefined || names.has(name) || !isMet(name, match?.[2] ?? match?.[3])) return null
    names.add(name)
  }
  return names
}

/**
 * A client that asks for a smaller window of the server's (`server_max_window_bits`) asks for a message compressed for it
 * alone, and gets none.
 */
function isMet(name: string, value: string | undefined): boolean {
  switch (name) {
    case 'server_no_context_takeover':
    case 'client_no_context_takeover':
      return value === undefined
    case 'client_max_window_bits':
      return value === undefined || windowBits.test(value)
    case 'server_max_window_bits':
      return value === '15'
    default:
      return false
  }
}
