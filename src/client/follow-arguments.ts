import { type Timing, timingDefaults } from './timing.ts'

/** As the server has it (`ChannelId`), whose schema would bring a validator along. */
const channelPattern = /^[a-z0-9][a-z0-9-]{0,63}$/
/** Timers of browsers and of Node take no longer delay. */
const delayMsMax = 2 ** 31 - 1

/** Throws a `TypeError` if nothing could ever be followed there. */
export function baseOf(url: string | URL): URL {
  const here = typeof document === 'undefined' ? undefined : document.baseURI
  const base = new URL(url, here)
  if (base.protocol !== 'http:' && base.protocol !== 'https:') {
    throw new TypeError(`a feed needs an http or https URL, and this one begins with ${base.protocol}`)
  }
  // `fetch` refuses such URLs.
  if (base.username !== '' || base.password !== '') {
    throw new TypeError('a feed needs a URL without a user name and a password')
  }
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  base.search = ''
  base.hash = ''
  return base
}

export function channelOf(channel: string): string {
  if (typeof channel === 'string' && channelPattern.test(channel)) return channel
  throw new TypeError(`the id of a channel is 1 to 64 of a-z, 0-9 and "-", and does not begin with "-": ${channel}`)
}

/** The delays that are given, and the usual ones for the others. */
export function timingOf(given: Partial<Timing> = {}): Timing {
  const timing = { ...timingDefaults }
  for (const [name, ms] of Object.entries(given)) {
    if (ms === undefined) continue
    if (!Number.isFinite(ms) || ms < 0 || ms > delayMsMax)
      throw new RangeError(`timing.${name} must be 0 to ${delayMsMax} ms: ${ms}`)
    Object.assign(timing, { [name]: ms })
  }
  return timing
}
