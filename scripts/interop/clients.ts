/** The stock clients that are tried, by the language they are for. */
import type { Language } from './kits.ts'

export type Transport = 'websocket' | 'polling' | 'upgrade' | 'event stream'

export interface Client {
  readonly language: Language
  /** As its package is named. */
  readonly name: string
  /** What its version is read of: an entry of its language's manifest. Default: the name. */
  readonly entry?: string
  /** The program of scripts/interop that follows by it, and what that is told to use. */
  readonly program: string
  readonly library: string
  readonly transports: readonly Transport[]
}

/** A client, by one of its transports. */
export interface Trial {
  readonly client: Client
  readonly transport: Transport
}

const socketIo: readonly Transport[] = ['websocket', 'polling', 'upgrade']
const stream: readonly Transport[] = ['event stream']

const javaScript = [
  ...['socket.io-client-4', 'socket.io-client-4-oldest', 'socket.io-client-3', 'socket.io-client-3-oldest'].map(
    (entry) => ({
      name: 'socket.io-client',
      entry,
      program: 'socket-io.js',
      library: entry,
      transports: socketIo,
    }),
  ),
  ...['eventsource-5', 'eventsource-4', 'eventsource-3', 'eventsource-2'].map((entry) => ({
    name: 'eventsource',
    entry,
    program: 'event-stream.js',
    library: entry,
    transports: stream,
  })),
  ...[
    '@microsoft/fetch-event-source',
    'event-source-polyfill',
    'eventsource-client',
    'launchdarkly-eventsource',
    'reconnecting-eventsource',
  ].map((name) => ({ name, program: 'event-stream.js', library: name, transports: stream })),
  { name: "Node's own EventSource", entry: 'node', program: 'event-stream.js', library: 'node', transports: stream },
]

const python = [
  ...['client', 'async-client'].map((library) => ({
    name: library === 'client' ? 'python-socketio' : 'python-socketio (asyncio)',
    entry: 'python-socketio',
    program: 'socket_io.py',
    library,
    transports: socketIo,
  })),
  ...['httpx-sse', 'sseclient-py', 'requests-sse', 'aiohttp-sse-client2'].map((name) => ({
    name,
    program: 'event_stream.py',
    library: name,
    transports: stream,
  })),
]

const java = [
  ...['socket-io-newest', 'socket-io-oldest'].map((library) => ({
    name: 'io.socket:socket.io-client',
    entry: library,
    program: 'FollowSocketIo',
    library,
    transports: socketIo,
  })),
  ...['okhttp-sse', 'okhttp-eventsource'].map((library) => ({
    name: library === 'okhttp-sse' ? 'com.squareup.okhttp3:okhttp-sse' : 'com.launchdarkly:okhttp-eventsource',
    entry: library,
    program: 'FollowEventStream',
    library,
    transports: stream,
  })),
]

const go = [
  {
    name: 'github.com/zishang520/socket.io/clients/socket/v3',
    program: 'socketio',
    library: 'zishang520',
    transports: socketIo,
  },
  ...[
    ['github.com/r3labs/sse/v2', 'r3labs'],
    ['github.com/tmaxmax/go-sse', 'tmaxmax'],
    ['github.com/launchdarkly/eventsource', 'launchdarkly'],
  ].map(([name = '', library = '']) => ({ name, program: 'eventstream', library, transports: stream })),
]

export const clients: readonly Client[] = [
  ...javaScript.map((client) => ({ language: 'JavaScript' as const, ...client })),
  ...python.map((client) => ({ language: 'Python' as const, ...client })),
  ...java.map((client) => ({ language: 'Java' as const, ...client })),
  ...go.map((client) => ({ language: 'Go' as const, ...client })),
]

export function trialsOf(language: Language): Trial[] {
  return clients
    .filter((client) => client.language === language)
    .flatMap((client) => client.transports.map((transport) => ({ client, transport })))
}
