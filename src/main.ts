import { adminKeyNotice } from './admin-key.ts'
import { readConfig } from './config.ts'
import { makeLogger } from './logger.ts'
import { serve } from './serve.ts'

try {
  const config = readConfig(process.env)
  const { logger, countRepeated } = makeLogger({ level: config.LOG_LEVEL, base: { node: config.NODE_NAME } })
  process.once('exit', countRepeated)
  const wirecopy = await serve(config, logger)
  logger.info({ url: wirecopy.url }, 'listening')
  const { adminKey: key, adminKeyMadeIn: file } = wirecopy
  // Not by the logger: logs are collected and kept, and a key must not be.
  if (file !== null) process.stderr.write(adminKeyNotice({ key, file }, process.stderr))
  if (process.stderr.isTTY) process.stderr.write(`Wirecopy serves at ${wirecopy.url}. Ctrl-C stops it.\n`)
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1)
      stopping = true
      logger.info({ signal }, 'stopping; a second signal ends at once')
      wirecopy.close().then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ error }, 'the stop failed')
          process.exit(1)
        },
      )
    })
  }
} catch (error) {
  process.stderr.write(`Wirecopy can not start. ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
