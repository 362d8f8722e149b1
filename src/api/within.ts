import { createContext, Script } from 'node:vm'

const box: { run: (() => void) | null } = { run: null }
const context = createContext(box)
const script = new Script('run()')

export type Within<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'late' }

/**
 * Runs a synchronous function, and stops it where it takes longer: what it blocks the event loop for is bounded. V8
 * stops it wherever it is, so it must not change anything that outlives it.
 */
export function within<T>(timeoutMs: number, run: () => T): Within<T> {
  let value: T | undefined
  box.run = () => {
    value = run()
  }
  try {
    script.runInContext(context, { timeout: timeoutMs })
    return { kind: 'done', value: value as T }
  } catch (error) {
    // It is an Error of the other context, and so no instance of ours.
    if (codeOf(error) === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return { kind: 'late' }
    throw error
  } finally {
    box.run = null
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
