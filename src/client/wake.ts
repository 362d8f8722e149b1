export interface WakeListener {
  /** The page may have slept: what it knows and which timers ran in time is uncertain. */
  woke(): void
  wentOffline(): void
}

/**
 * Listens for the moments at which a browser's page comes back: shown again, back on a network, taken out of the
 * back/forward cache. Where there are no such events (Node) it does nothing. Gives the function that stops it.
 */
export function listenForWaking(listener: WakeListener): () => void {
  const stop = new AbortController()
  const { signal } = stop
  if (typeof document !== 'undefined') {
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState === 'visible') listener.woke()
      },
      { signal },
    )
  }
  if (typeof window !== 'undefined') {
    window.addEventListener('online', () => listener.woke(), { signal })
    window.addEventListener('offline', () => listener.wentOffline(), { signal })
    window.addEventListener(
      'pageshow',
      (event) => {
        if (event.persisted) listener.woke()
      },
      { signal },
    )
  }
  return () => stop.abort()
}
