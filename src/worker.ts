import { openWirecopy } from './app.ts'
import { readConfig } from './config.ts'
import { makeLogger } from './logger.ts'
import { numberVariable, Place } from './workers/place.ts'

// A terminal's Ctrl-C and a supervisor's SIGTERM may reach every process of the node. The primary says when to stop.
// Where the primary is gone, node:cluster ends this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)

const config = readConfig(process.env)
const base = { node: config.NODE_NAME, worker: Number(process.env[numberVariable]) }
const { logger, countRepeated } = makeLogger({ level: config.LOG_LEVEL, base })
process.once('exit', countRepeated)
const place = new Place(process.env, config.WORKERS, logger)
try {
  const wirecopy = await openWirecopy(config, logger, place)
  place.onStop(() => {
    wirecopy.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error }, 'the stop failed')
        process.exit(1)
      },
    )
    logger.info('stopping')
  })
  place.listening()
} catch (error) {
  place.failed(error instanceof Error ? error.message : String(error))
}
