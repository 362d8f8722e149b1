import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { waitMsMax } from '../../scripts/setup/test-limits.js'

const pauseMsMin = 5
const pauseMsMax = 100

/**
 * Asks again and again, for what no event tells: that another process has come so far. The pauses between two questions
 * grow from 5 to 100 ms, since who is asked needs the processor as well. Returns the first answer that is not false, null
 * or undefined. Throws with the last answer, or error, after `msMax`, or at once when `signal` aborts: a test's own
 * signal (`t.signal`) ends the questions with the test.
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  msMax = waitMsMax,
  signal?: AbortSignal,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + msMax
  let last = 'nothing was answered'
  let cause: unknown
  for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(pauseMsMax, pauseMs * 1.5)) {
    try {
      const answer = await ask()
      if (answer !== false && answer !== null && answer !== undefined) {
        return answer as Exclude<T, false | null | undefined>
      }
      last = `the last answer was ${inspect(answer)}`
      cause = undefined
    } catch (error) {
      last = `the last answer was an error: ${String(error)}`
      cause = error
    }
    if (performance.now() >= deadline) throw new Error(`Not within ${msMax} ms: ${what}; ${last}`, { cause })
    await delay(pauseMs, undefined, signal === undefined ? {} : { signal })
  }
}
