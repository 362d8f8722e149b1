/** A timer that is later than this was held up: the page slept, or was too busy to read what had come. */
const lateMsMax = 1_000

/**
 * Calls `due` after `ms`, unless the function that it returns is called before. If the timer was held up, what came in time
 * may still wait to be read; so the same time is given again, once.
 */
export function startDeadline(ms: number, due: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const wait = (again: boolean) => {
    const dueMs = performance.now() + ms
    timer = setTimeout(() => {
      if (again && performance.now() - dueMs > lateMsMax) wait(false)
      else due()
    }, ms)
  }
  wait(true)
  return () => clearTimeout(timer)
}

/**
 * Does `work` with a signal that is aborted when `outer` is, and after `ms`. Rejects with an error that says so if the time
 * is over. `AbortSignal.any` and `AbortSignal.timeout` would do the same, but browsers of 2023 lack them.
 */
export async function withDeadline<T>(
  outer: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController()
  const stop = () => own.abort()
  let late = false
  const stopDeadline = startDeadline(ms, () => {
    late = true
    stop()
  })
  outer.addEventListener('abort', stop)
  if (outer.aborted) stop()
  try {
    return await work(own.signal)
  } catch (error) {
    throw late ? new Error('the server did not answer in time') : error
  } finally {
    stopDeadline()
    outer.removeEventListener('abort', stop)
  }
}
