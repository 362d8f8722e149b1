export interface WakeListener {
  /** The page may have slept: what it knows and which timers ran in time is uncertain. */
  woke(): void
  wentOffline(): void
}

/**
 * Listens for the moments at which a browser's page comes back: shown again, back on a network, taken out of the
 * back/forward cache. If there are no such events, as in Node, it does nothing. Returns the function that stops it.
 */
export function listenForWaking(listener: WakeListener): () => void {
  const stops: (() => void)[] = []
  // By hand: browsers of 2020 ignore the option `signal`, and would go on calling.
  const listen = (target: EventTarget, type: string, heard: (event: Event) => void) => {
    target.addEventListener(type, heard)
    stops.push(() => target.removeEventListener(type, heard))
  }
  if (typeof document !== 'undefined') {
    listen(document, 'visibilitychange', () => {
      if (document.visibilityState === 'visible') listener.woke()
    })
  }
  if (typeof window !== 'undefined') {
    listen(window, 'online', () => listener.woke())
    listen(window, 'offline', () => listener.wentOffline())
    listen(window, 'pageshow', (event) => {
      if ('persisted' in event && event.persisted === true) listener.woke()
    })
  }
  return () => {
    for (const stop of stops) stop()
  }
}

/** Whether nobody can see the page. Outside of a page (Node) there is no such thing. */
export function isHidden(): boolean {
  return typeof document !== 'undefined' && document.visibilityState === 'hidden'
}
