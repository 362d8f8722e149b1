import { evening } from './evening.ts'
import { night } from './night.ts'
import type { Coverage } from './step.ts'

/**
 * A coverage of a fire in a town that does not exist: posts of every kind, a pin, two edits, a correction and a
 * retraction. Times of events are counted back from `now`.
 */
export function sampleCoverage(now = new Date()): Coverage {
  const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000).toISOString()
  return {
    channel: {
      title: 'Fire at the old harbour of Orrowick',
      summary: 'A warehouse on the grain quay burns. Three streets are cleared, and the ferries stay in port.',
      language: 'en',
      timeZone: 'Europe/London',
    },
    steps: [...evening(minutesAgo), ...night(minutesAgo)],
  }
}
