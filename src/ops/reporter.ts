import type { Logger } from 'pino'
import { type Counts, followersOf } from './counts.ts'
import type { Readiness } from './readiness.ts'
import { type Registry, reportEveryMs } from './registry.ts'

export interface ReporterOptions {
  readonly registry: Registry
  readonly counts: () => Counts
  readonly readiness: Readiness
  readonly node: string
  readonly worker: number
  readonly logger: Logger
}

export interface Reporting {
  /** How many processes of all nodes are lost and have no successor; null if the last report failed. */
  readonly lost: () => number | null
  /** Ends the reports and takes the process out. */
  readonly stop: () => Promise<void>
}

/** Writes the process's counts down, now and every two seconds. */
export function startReporting(options: ReporterOptions): Reporting {
  const { registry, counts, readiness, node, worker, logger } = options
  const startedAt = new Date().toISOString()
  let underWay: Promise<void> | null = null
  let failing = false
  let lost: number | null = null

  async function report(): Promise<void> {
    const { connections, channels } = counts()
    const { ready, reason } = readiness
    const figures = followersOf(counts())
    const said = {
      node,
      worker,
      startedAt,
      ready,
      ...(reason === null ? {} : { reason }),
      connections,
      ...figures,
      channels,
    }
    try {
      lost = await registry.report(said)
      failing = false
    } catch (error) {
      // The next report comes in two seconds; an outage is told once, by the readiness too.
      if (!failing) logger.warn({ error: String(error) }, 'the counts could not be reported')
      failing = true
      lost = null
    }
  }

  // One at a time: in an outage each takes longer than the time between two.
  const next = () => {
    underWay ??= report().finally(() => {
      underWay = null
    })
  }
  next()
  const timer = setInterval(next, reportEveryMs)
  return {
    lost: () => lost,
    stop: async () => {
      clearInterval(timer)
      await underWay
      await registry.leave({ node, worker }).catch(() => undefined)
    },
  }
}
