import { setTimeout as delay } from 'node:timers/promises'
import { Clock, lacksFaketime } from './faketime.ts'
import { on } from './fault.ts'
import { plain, type Setting } from './setting.ts'
import { SingleRedis } from './single-redis.ts'
import type { Stage } from './stage.ts'

const hours = 3_600
/** Long enough for the jump to be seen, and for what waits by the wall clock to wait. */
const betweenMs = 2_500

/** A node keeps nothing by the wall clock: it may jump by any time, a day on which no such time is among them. */
const ofNode = [3 * hours, -48 * hours, 30 * 24 * hours, -hours, 0]
/** Redis expires by it what answers repeated writes, after 24 hours: it jumps by less, and is back before it is over. */
const ofRedis = [3 * hours, -6 * hours, 12 * hours, -hours, 0]

class RedisWithClock extends SingleRedis {
  readonly clock: Clock

  constructor(folder: string) {
    const clock = new Clock(folder)
    super(folder, clock.env)
    this.clock = clock
  }
}

const withClockOfNode: Setting<SingleRedis> = { ...plain, firstNodeEnv: (folder) => new Clock(folder).env }
const withClockOfRedis: Setting<RedisWithClock> = { store: (folder) => new RedisWithClock(folder) }
const options = { lacks: lacksFaketime }

export const clockFaults = {
  'clock of a node jumps': on(withClockOfNode, ({ folder }: Stage) => jump(new Clock(folder), ofNode), options),
  'clock of Redis jumps': on(withClockOfRedis, ({ store }) => jump(store.clock, ofRedis), options),
} as const

async function jump(clock: Clock, offsets: readonly number[]): Promise<void> {
  for (const seconds of offsets) {
    clock.set(seconds)
    await delay(betweenMs)
  }
}
