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

/** Writes the process's counts down, now and every two seconds. Returns what ends that and takes the process out. */
export function startReporting(options: ReporterOptions): () => Promise<void> {
  const { registry, counts, readiness, node, worker, logger } = options
  const startedAt = new Date().toISOString()
  let underWay: Promise<void> = Promise.resolve()
  let failing = false

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
      await registry.report(said)
      failing = false
    } catch (error) {
      // The next report comes in two seconds; an outage is told once, by the readiness too.
      if (!failing) logger.warn({ error: String(error) }, 'the counts could not be reported')
      failing = true
    }
  }

  const next = () => {
    underWay = underWay.then(report)
  }
  next()
  const timer = setInterval(next, reportEveryMs)
  return async () => {
    clearInterval(timer)
    await underWay
    await registry.leave().catch(() => undefined)
  }
}
