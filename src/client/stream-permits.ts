/**
 * Event streams that the pages of one origin hold open at a time in one browser, all tabs together. Over HTTP/1.1 a browser
 * opens six connections to a server. A stream takes one for as long as it lives, and the documents, files and polls of all
 * tabs need the others.
 */
export const streamsMax = 2

/**
 * Tells whether this page may hold a stream open to `server`, at once or soon and then whenever that changes, until the
 * returned function is called. A page that is hidden may not. Of those that are seen, two at a time may, by Web Locks;
 * browsers without them, and pages without TLS, leave it at that. Outside of a page (Node) there is no such bound.
 */
export function boundStreams(server: string, tell: (mayStream: boolean) => void): () => void {
  if (typeof document === 'undefined') {
    tell(true)
    return () => {}
  }
  let shown = new AbortController()
  let hidden: boolean | undefined
  const look = () => {
    const before = hidden
    hidden = document.visibilityState === 'hidden'
    if (hidden === before) return
    // Lets go of the permit, or of the wait for one.
    shown.abort()
    shown = new AbortController()
    if (hidden) tell(false)
    else takePermit(server, shown.signal, tell)
  }
  look()
  document.addEventListener('visibilitychange', look)
  return () => {
    document.removeEventListener('visibilitychange', look)
    shown.abort()
  }
}

/** Takes a permit if one is free, and else the first that becomes free. It is held until the signal is aborted. */
function takePermit(server: string, signal: AbortSignal, tell: (mayStream: boolean) => void): void {
  const locks = locksHere()
  if (locks === undefined) {
    tell(true)
    return
  }
  const names = Array.from({ length: streamsMax }, (_, n) => `wirecopy stream ${n + 1} to ${server}`)
  // Those that are still waited for once one has been granted.
  const others = new AbortController()
  signal.addEventListener('abort', () => others.abort())
  let granted = false
  const grant = (lock: Lock | null) => {
    if (lock === null || granted || signal.aborted) return undefined
    granted = true
    others.abort()
    tell(true)
    return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  }
  const take = async () => {
    for (const name of names) {
      // The request lasts as long as its lock is held, so only the answer is waited for.
      await new Promise<void>((resolve, reject) => {
        const answered = (lock: Lock | null) => {
          const held = grant(lock)
          resolve()
          return held
        }
        locks.request(name, { ifAvailable: true }, answered).catch(reject)
      })
      if (granted || signal.aborted) return
    }
    tell(false)
    await Promise.all(names.map((name) => locks.request(name, { signal: others.signal }, grant)))
  }
  take().catch(() => {
    // The wait was ended by us; or this place has no locks, such as a sandboxed frame.
    if (!granted && !signal.aborted) tell(true)
  })
}

/** There are none in browsers of 2021, nor on pages without TLS. */
function locksHere(): LockManager | undefined {
  return 'locks' in navigator ? navigator.locks : undefined
}
