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
  const timer = setTimeout(() => {
    late = true
    stop()
  }, ms)
  outer.addEventListener('abort', stop)
  if (outer.aborted) stop()
  try {
    return await work(own.signal)
  } catch (error) {
    throw late ? new Error('the server did not answer in time') : error
  } finally {
    clearTimeout(timer)
    outer.removeEventListener('abort', stop)
  }
}
