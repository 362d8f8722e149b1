/** Followers that are sent back to the other nodes in a second, so that each of them can take them in. */
export const returnsPerSecondMax = 2_000
/** The spread is no longer than this, however many follow: whoever stops a process waits for no more than twice it. */
export const drainSpreadMsMax = 10_000

/** Over how many milliseconds so many connections are to come back elsewhere; 0 where there are none. */
export function drainSpreadMs(connections: number): number {
  return Math.min(drainSpreadMsMax, Math.ceil((connections * 1_000) / returnsPerSecondMax))
}

/** A connection that was ended has this long to go: one that polls has to poll once more to hear of it. */
const goneMsMax = 2_000

/**
 * Runs `end` at a random moment of the spread after `afterMs`. Resolves once `gone` says that it has left, be it before
 * that, or at last when it has had its time to go.
 */
export function endWithin(
  { afterMs, spreadMs }: { readonly afterMs: number; readonly spreadMs: number },
  gone: (listener: () => void) => unknown,
  end: () => void,
): Promise<void> {
  return new Promise((resolve) => {
    let timer = setTimeout(
      () => {
        timer = setTimeout(resolve, goneMsMax)
        end()
      },
      afterMs + Math.random() * spreadMs,
    )
    gone(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
