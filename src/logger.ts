import { type DestinationStream, destination, type Logger, pino } from 'pino'
import { RepeatedLines } from './repeated-lines.ts'

export interface LoggerSettings {
  readonly level: string
  /** What each line says of the process. */
  readonly base: Readonly<Record<string, unknown>>
  /** Where lines go; standard output unless given. */
  readonly stream?: DestinationStream
  /** How often repeated lines are counted. */
  readonly countEveryMs?: number
}

export interface ProcessLog {
  readonly logger: Logger
  /** Tells how many lines were left out so far. To be called when the process ends, for whatever reason. */
  readonly countRepeated: () => void
}

/** The log of a process. It holds a line of each kind, and the count of those like it. */
export function makeLogger({ level, base, stream, countEveryMs }: LoggerSettings): ProcessLog {
  const repeated = new RepeatedLines(countEveryMs)
  const logger = pino({ level, base, hooks: { logMethod: repeated.hook } }, stream ?? destination({ sync: true }))
  return { logger, countRepeated: () => repeated.flush() }
}
