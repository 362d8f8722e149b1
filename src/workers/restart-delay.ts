/** A worker that ran for this long was sound: what ended it then is a new failure. */
export const soundMs = 60_000
const delayMsMax = 30_000
const firstDelayMsMax = 200

/** Before a worker is started again, by how often it failed before. Full jitter, since several may have ended at once. */
export function restartDelayMs(failures: number): number {
  return Math.random() * Math.min(delayMsMax, firstDelayMsMax * 2 ** Math.min(failures, 20))
}
