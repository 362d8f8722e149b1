/** Followers that are sent back to the other nodes in a second, so that each of them can take them in. */
export const returnsPerSecondMax = 2_000
/** The spread is no longer than this, however many follow: whoever stops a process waits for no more than twice it. */
export const drainSpreadMsMax = 10_000

/** Over how many milliseconds so many connections are to come back elsewhere; 0 where there are none. */
export function drainSpreadMs(connections: number): number {
  return Math.min(drainSpreadMsMax, Math.ceil((connections * 1_000) / returnsPerSecondMax))
}

/** Runs `end` at a random moment of the spread after `afterMs`. Resolves then, or once `gone` says that it has left. */
export function endWithin(
  { afterMs, spreadMs }: { readonly afterMs: number; readonly spreadMs: number },
  gone: (listener: () => void) => unknown,
  end: () => void,
): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(
      () => {
        end()
        resolve()
      },
      afterMs + Math.random() * spreadMs,
    )
    gone(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
