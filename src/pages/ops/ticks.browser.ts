/**
 * A worker that ticks once a second. Browsers let the timers of a page in the background go off once a minute, and a page
 * that nobody looks at would stay green for as long; a worker's timers go on.
 */
setInterval(() => postMessage(null), 1_000)
