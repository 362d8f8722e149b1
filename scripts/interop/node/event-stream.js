/** Follows a channel by a client of event streams: event-stream.js LIBRARY TRANSPORT URL CHANNEL [CURSOR]. */
import { setTimeout as delay } from 'node:timers/promises'
import { Fold, obey, say } from './fold.js'

const [library = '', , url, channel, after] = process.argv.slice(2)
const fold = new Fold(after)
const waitMsMax = 2_000

/** The address to begin at; an EventSource that comes back by itself sends its cursor as Last-Event-ID. */
function address() {
  const stream = `${url}/v1/channels/${channel}/stream`
  return fold.cursor === undefined ? stream : `${stream}?after=${encodeURIComponent(fold.cursor)}`
}

/**
 * Takes an event. Returns false if the stream must be opened again.
 * @param {string | undefined} name
 * @param {string} data
 */
function take(name, data) {
  if (name === 'snapshot') fold.startOver(JSON.parse(data))
  else if (name === 'batch') return fold.apply(JSON.parse(data))
  else say({ event: 'error', why: `an event that nobody asked for: ${name} ${data}` })
  return true
}

/** An EventSource gives up for good when it is refused once; PROTOCOL.md says to open another one after a random delay. */
async function again() {
  say({ event: 'reopened' })
  await delay(Math.random() * waitMsMax)
}

/** @param {any} EventSource */
function byEventSource(EventSource, options = {}) {
  const source = new EventSource(address(), options)
  const reopen = async () => {
    source.close()
    await again()
    byEventSource(EventSource, options)
  }
  for (const name of ['snapshot', 'batch', 'message']) {
    source.addEventListener(name, (/** @type {{ data: string }} */ { data }) => {
      if (!take(name, data)) void reopen()
    })
  }
  source.addEventListener('error', (/** @type {{ message?: string }} */ { message }) => {
    say({ event: 'disconnected', why: message ?? '' })
    if (source.readyState === 2) void reopen()
  })
}

async function byFetchEventSource() {
  // Written for browsers, which it asks for these.
  Object.assign(globalThis, { window: globalThis, document: { hidden: false } })
  const { fetchEventSource } = await import(library)
  for (;;) {
    await fetchEventSource(address(), {
      openWhenHidden: true,
      onmessage: (/** @type {{ event: string, data: string }} */ { event, data }) => {
        if (!take(event, data)) throw new Error('There is a gap.')
      },
      onclose: () => say({ event: 'disconnected', why: 'the stream ended' }),
      onerror: (/** @type {unknown} */ error) => say({ event: 'disconnected', why: String(error) }),
    })
    await again()
  }
}

async function byEventSourceClient() {
  const { createEventSource } = await import(library)
  createEventSource({
    url: address(),
    onMessage: (/** @type {{ event?: string, data: string }} */ { event, data }) => take(event, data),
    onDisconnect: () => say({ event: 'disconnected', why: '' }),
  })
}

switch (library) {
  case 'node':
    byEventSource(globalThis.EventSource)
    break
  case '@microsoft/fetch-event-source':
    void byFetchEventSource()
    break
  case 'eventsource-client':
    void byEventSourceClient()
    break
  case 'event-source-polyfill': {
    const { EventSourcePolyfill } = await import(library)
    byEventSource(EventSourcePolyfill)
    break
  }
  case 'reconnecting-eventsource': {
    const wanted = /** @type {string} */ ('eventsource-4')
    const [{ default: Reconnecting }, { EventSource }] = await Promise.all([import(library), import(wanted)])
    byEventSource(Reconnecting.default ?? Reconnecting, { eventSourceClass: EventSource })
    break
  }
  default: {
    const { EventSource, default: preset } = await import(library)
    byEventSource(EventSource ?? preset.EventSource ?? preset)
  }
}
obey({})
