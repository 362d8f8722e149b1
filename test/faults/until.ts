import { setTimeout as delay } from 'node:timers/promises'

const msMaxPreset = 30_000
const askEveryMs = 50

/** Asks again and again, for what no event tells: that another process has come so far. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean, msMax = msMaxPreset): Promise<void> {
  const deadline = performance.now() + msMax
  let last: unknown
  while (performance.now() < deadline) {
    try {
      if (await isSo()) return
      last = undefined
    } catch (error) {
      last = error
    }
    await delay(askEveryMs)
  }
  throw new Error(`Not within ${msMax} ms: ${what}`, { cause: last })
}
