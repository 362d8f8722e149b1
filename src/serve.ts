import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Wirecopy } from './app.ts'
import type { Config } from './config.ts'
import { prepare } from './prepare.ts'
import { Workers } from './workers/primary.ts'
import { requireFree } from './workers/shared-port.ts'

/** Longer than a worker takes to let its followers go and to finish its answers. */
const stopMsMax = 60_000

/** Serves by this process, or, where so configured, by several that share the port. */
export async function serve(config: Config, logger: Logger): Promise<Wirecopy> {
  if (config.WORKERS === 1) {
    // A primary serves nobody, and has no use for all that this loads.
    const { openWirecopy } = await import('./app.ts')
    return await openWirecopy(config, logger)
  }
  const prepared = await prepare(config, logger)
  try {
    await requireFree(config.HOST, prepared.config.PORT)
    if (config.METRICS_PORT !== undefined) await requireFree(config.HOST, config.METRICS_PORT)
    const workers = await Workers.start({
      count: config.WORKERS,
      program: fileURLToPath(new URL('./worker.ts', import.meta.url)),
      environment: { ...prepared.filledIn, WORKERS: String(config.WORKERS) },
      stopMsMax: config.DRAIN_NOTICE_MS + stopMsMax,
      logger,
    })
    return {
      url: prepared.url,
      adminKey: prepared.config.ADMIN_KEY,
      adminKeyMadeIn: prepared.adminKeyMadeIn,
      close: async () => {
        try {
          await workers.stop()
        } finally {
          await prepared.close()
        }
      },
    }
  } catch (error) {
    await prepared.close()
    throw error
  }
}
