/**
 * Runs one step of showing something, and returns undefined if it throws. The console is told, and every other step is
 * taken all the same: no post and no part of the page may keep the next change, perhaps a retraction, from being shown.
 */
export function attempt<T>(what: string, step: () => T): T | undefined {
  try {
    return step()
  } catch (error) {
    console.error(`Wirecopy could not show ${what}. The page goes on.`, error)
    return undefined
  }
}
