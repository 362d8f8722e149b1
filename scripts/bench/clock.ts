const nsPerMs = 1_000_000n

/** Nanoseconds since the epoch, finer than `Date.now()` tells them; the swarm reads the same clock of the system. */
export function wallNs(): bigint {
  return process.hrtime.bigint() + offsetNs
}

let offsetNs = offsetNow()

/** To be called before each measure, since the system's clock is set anew now and then. */
export function setClock(): void {
  offsetNs = offsetNow()
}

/** Waits for the millisecond to turn, at most one, and takes the difference of the two clocks at this moment. */
function offsetNow(): bigint {
  const before = Date.now()
  let now = before
  while (now === before) now = Date.now()
  return BigInt(now) * nsPerMs - process.hrtime.bigint()
}
