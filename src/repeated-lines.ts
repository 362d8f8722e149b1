import type { LogFn, Logger, LoggerOptions } from 'pino'
import { cutText } from './wire/cut.ts'

/** How often the lines that were left out are counted. */
const countEveryMs = 60_000
/** Kinds that are told apart within that time; the lines of all further ones count as one kind. */
const kindsMax = 200
/** pino's `info`. What is logged below it was asked for by the operator, and is left alone. */
const leastLevel = 30

type LineHook = NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']>

interface Kind {
  readonly said: string
  readonly timer: NodeJS.Timeout
  /** Lines left out since `since` (`performance.now()`). */
  more: number
  since: number
  /** Logs a line as the first one was logged, past the hook. */
  readonly log: (data: object, message: string) => void
}

/**
 * Bounds what the log says of the same thing, since clients can provoke lines as fast as they can send. The first line of a
 * kind is logged in full. Those that follow are left out and counted, and a line a minute tells how many there were. After
 * a minute without any, the next one is logged in full again.
 *
 * Lines are of one kind if they have the same level and message, and are about the same code, process and place in the
 * code. What else they say may be the client's choice, and does not count.
 */
export class RepeatedLines {
  readonly #everyMs: number
  readonly #kinds = new Map<string, Kind>()
  /** For pino's `hooks.logMethod`. The loggers made from that one have it, too. */
  readonly hook: LineHook

  constructor(everyMs = countEveryMs) {
    this.#everyMs = everyMs
    const take = (logger: Logger, args: Parameters<LogFn>, method: LogFn, level: number) =>
      this.#take(logger, args, method, level)
    this.hook = function (args, method, level) {
      take(this, args, method, level)
    }
  }

  /** Tells what has been left out so far. To be called at the end, so that no line goes uncounted. */
  flush(): void {
    for (const kind of this.#kinds.values()) {
      clearTimeout(kind.timer)
      tell(kind)
    }
    this.#kinds.clear()
  }

  #take(logger: Logger, args: Parameters<LogFn>, method: LogFn, level: number): void {
    if (level < leastLevel) {
      method.apply(logger, args)
      return
    }
    const { name, said } = kindOf(args, level)
    const own = this.#kinds.has(name) || this.#kinds.size < kindsMax
    const key = own ? name : 'others'
    const kind = this.#kinds.get(key)
    if (kind !== undefined) {
      kind.more++
      return
    }
    this.#kinds.set(key, {
      said: own ? said : 'lines of further kinds',
      timer: this.#count(key),
      more: 0,
      since: performance.now(),
      log: (data, message) => method.call(logger, data, message),
    })
    method.apply(logger, args)
  }

  /** The process need not stay for it: `flush` tells the rest. */
  #count(key: string): NodeJS.Timeout {
    const timer = setInterval(() => {
      const kind = this.#kinds.get(key)
      if (kind !== undefined && tell(kind)) return
      clearInterval(timer)
      this.#kinds.delete(key)
    }, this.#everyMs)
    return timer.unref()
  }
}

/** False if there was nothing to tell. */
function tell(kind: Kind): boolean {
  const { more, said, since } = kind
  if (more === 0) return false
  kind.more = 0
  kind.since = performance.now()
  const seconds = Math.ceil((kind.since - since) / 1_000)
  kind.log({ more, seconds }, `and ${more} more like it in the last ${seconds} s: ${said}`)
  return true
}

function kindOf([first, second]: readonly unknown[], level: number): { name: string; said: string } {
  const data: Record<string, unknown> = isObject(first) ? first : {}
  const error = [first, data['err'], data['error']].find((value) => value instanceof Error)
  const message = [first, second, error?.message].find((value) => typeof value === 'string')
  const said = cutText(message ?? '', 200)
  const { code, worker, pid } = data
  return { name: JSON.stringify([level, said, code, worker, pid, error && originOf(error)]), said }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** What kind of error it is, and where it was made: its message may quote what a client has sent. */
function originOf(error: Error): readonly unknown[] {
  const at = error.stack?.split('\n').find((line) => line.startsWith('    at '))
  return [error.name, 'code' in error ? error.code : undefined, at]
}
