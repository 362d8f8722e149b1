import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import type { Log } from '../log/log.ts'
import { type Counts, followersOf } from './counts.ts'
import type { Readiness } from './readiness.ts'

/** Channels with a label of their own, those with the most followers; the others are summed as `_other`. */
const labelledChannelsMax = 50
/**
 * How often the event loop's delay is looked at. Each look wakes the process up, by the preset a hundred times a second. The
 * figures hold this time as well, as Node gives them.
 */
const loopDelayEveryMs = 50
const requestSecondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

export interface MetricsOptions {
  readonly counts: () => Counts
  readonly readiness: Readiness
  readonly log: Log
  /** Followers turned away since the start, by why. */
  readonly refused: () => Iterable<readonly [reason: string, count: number]>
  readonly guard: {
    /** Connections that were ended or not taken since the start, by why. */
    readonly ended: Iterable<readonly [reason: string, count: number]>
    readonly waitingBytes: number
  }
  /** Workers of the node that ended by themselves and were started again. */
  readonly restarted: () => number
  /** Processes of all nodes that are lost and have no successor; null while that can not be known. */
  readonly lost: () => number | null
}

/**
 * The process's metrics. Counts are read when they are scraped. Where a node has several processes, an `aggregator` says
 * how a figure of theirs becomes one; without it they are summed.
 */
export function makeMetrics({ counts, readiness, log, refused, guard, restarted, lost }: MetricsOptions): Registry {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: loopDelayEveryMs })
  new Gauge({
    name: 'wirecopy_connections',
    help: 'Open connections, by transport.',
    labelNames: ['transport'],
    registers,
    collect() {
      for (const [transport, count] of Object.entries(counts().connections)) this.set({ transport }, count)
    },
  })
  new Gauge({
    name: 'wirecopy_followers',
    help: `Followers, by channel and transport. The ${labelledChannelsMax} largest channels are named, the others are _other.`,
    labelNames: ['channel', 'transport'],
    registers,
    collect() {
      this.reset()
      const channels = [...counts().channels].sort((a, b) => b.followers - a.followers)
      for (const [i, { channel, websocket, polling, sse }] of channels.entries()) {
        const label = i < labelledChannelsMax ? channel : '_other'
        const by = { websocket, polling, sse }
        for (const [transport, count] of Object.entries(by)) this.inc({ channel: label, transport }, count)
      }
    },
  })
  new Gauge({
    name: 'wirecopy_followers_behind',
    help: 'Followers that wait for their socket to drain.',
    registers,
    collect() {
      this.set(followersOf(counts()).behind)
    },
  })
  new Gauge({
    name: 'wirecopy_waiting_bytes',
    help: "Bytes that wait in the process for followers' sockets to take them.",
    registers,
    collect() {
      this.set(counts().waitingBytes)
    },
  })
  counter(
    'wirecopy_followers_cut_off_total',
    'Followers cut off because they took nothing for too long.',
    () => counts().cutOff,
  )
  new Counter({
    name: 'wirecopy_refused_total',
    help: 'Connections and events of followers that were refused, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset()
      for (const [reason, count] of refused()) this.inc({ reason }, count)
    },
  })
  new Counter({
    name: 'wirecopy_connections_ended_total',
    help: 'Connections that were ended or not taken, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset()
      for (const [reason, count] of guard.ended) this.inc({ reason }, count)
    },
  })
  new Gauge({
    name: 'wirecopy_answers_waiting_bytes',
    help: 'Memory that answers hold which wait for their clients to take them.',
    registers,
    collect() {
      this.set(guard.waitingBytes)
    },
  })
  counter('wirecopy_tail_failures_total', 'Reads of the tail that failed.', () => log.tail.failures)
  counter(
    'wirecopy_writes_unconfirmed_total',
    'Writes that were answered 503 because too few replicas of Redis confirmed them.',
    () => log.replicas?.failures ?? 0,
  )
  new Gauge({
    name: 'wirecopy_workers',
    help: 'Processes of the node whose figures these are.',
    registers,
    collect() {
      this.set(1)
    },
  })
  new Counter({
    name: 'wirecopy_workers_restarted_total',
    help: 'Workers of the node that ended by themselves and were started again.',
    registers,
    // The primary tells each worker.
    aggregator: 'max',
    collect() {
      this.reset()
      this.inc(restarted())
    },
  })
  new Gauge({
    name: 'wirecopy_processes_lost',
    help: 'Processes of all nodes that fell silent in the last 15 minutes and have no successor; NaN while Redis is away.',
    registers,
    aggregator: 'max',
    collect() {
      this.set(lost() ?? Number.NaN)
    },
  })
  new Gauge({
    name: 'wirecopy_ready',
    help: '1 while a probe written to Redis comes back by the tail that posts take.',
    registers,
    aggregator: 'min',
    collect() {
      this.set(readiness.ready ? 1 : 0)
    },
  })
  new Gauge({
    name: 'wirecopy_probe_seconds',
    help: 'How long the last probe took; NaN where it did not come back.',
    registers,
    // The longest, and NaN where one did not come back.
    aggregator: 'max',
    collect() {
      this.set(readiness.probeMs === null ? Number.NaN : readiness.probeMs / 1_000)
    },
  })
  return registry

  function counter(name: string, help: string, value: () => number): void {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(value())
      },
    })
  }
}

/** Times every request by its route, which bounds the labels. */
export function timeRequests(app: FastifyInstance, registry: Registry): void {
  const seconds = new Histogram({
    name: 'wirecopy_http_request_seconds',
    help: 'Time from a request to its answer, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: requestSecondsBuckets,
    registers: [registry],
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? '_none'
    const status = String(reply.statusCode)
    seconds.observe({ method: request.method, route, status }, reply.elapsedTime / 1_000)
  })
}
