import type { TextStorage } from '../../src/client/index.ts'

/** A browser's storage as one load of a page sees it; each load of the same site has another one over the same entries. */
export function storageOf(entries: Map<string, string> = new Map()): TextStorage {
  return {
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => {
      entries.set(key, value)
    },
    removeItem: (key) => {
      entries.delete(key)
    },
  }
}

/** One that the browser refuses, as with cookies blocked. */
export function refusedStorage(): TextStorage {
  const refuse = (): never => {
    throw new DOMException('The operation is insecure.', 'SecurityError')
  }
  return { getItem: refuse, setItem: refuse, removeItem: refuse }
}
