/** What keeps texts from one load of a page to the next, as `localStorage` does. Any of its calls may throw. */
export interface TextStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** What was learned on one network, in one browser, may be wrong on the next: it is learned again after a week. */
const keptMsMax = 7 * 24 * 3_600_000
/** Entries that a page, or a process that follows many servers, holds at most. */
const heldMax = 200

type Held = Map<string, string>

/** By storage, so that all feeds of a page share what they hold. */
const heldBeside = new WeakMap<TextStorage, Held>()
const heldAlone: Held = new Map()

/**
 * What feeds remember of one server: in the page, and across loads if there is a storage. A browser may refuse its storage
 * or have it full; then the page's own memory has to do.
 */
export class Memory {
  readonly #base: string
  readonly #storage: TextStorage | null
  readonly #held: Held

  constructor(base: URL, storage: TextStorage | null) {
    this.#base = base.href
    this.#storage = storage
    this.#held = heldFor(storage)
  }

  get(name: string): string | null {
    const key = this.#key(name)
    const entry = this.#held.get(key) ?? this.#stored(key)
    return entry === null ? null : freshValue(entry)
  }

  /** Null forgets. */
  set(name: string, value: string | null): void {
    const key = this.#key(name)
    // Across loads there is no other clock. If it is wrong, something is forgotten early, or learned again late.
    const entry = value === null ? '' : `${Date.now()} ${value}`
    this.#held.delete(key)
    this.#held.set(key, entry)
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= heldMax) break
      this.#held.delete(oldest)
    }
    try {
      if (value === null) this.#storage?.removeItem(key)
      else this.#storage?.setItem(key, entry)
    } catch {
      // The page still has it.
    }
  }

  #stored(key: string): string | null {
    try {
      return this.#storage?.getItem(key) ?? null
    } catch {
      return null
    }
  }

  #key(name: string): string {
    return `wirecopy ${name} ${this.#base}`
  }
}

/** The browser's own storage, or null if there is none, or the page may not use it. */
export function pageStorage(): TextStorage | null {
  try {
    return typeof window === 'undefined' ? null : window.localStorage
  } catch {
    return null
  }
}

function heldFor(storage: TextStorage | null): Held {
  if (storage === null) return heldAlone
  const held: Held = heldBeside.get(storage) ?? new Map()
  heldBeside.set(storage, held)
  return held
}

/** Null if the entry is too old, from the future, or not one of ours. */
function freshValue(entry: string): string | null {
  const [, writtenAt, value] = /^(\d{1,15}) ([\x20-\x7e]{1,200})$/.exec(entry) ?? []
  const ageMs = Date.now() - Number(writtenAt)
  return value !== undefined && ageMs >= 0 && ageMs <= keptMsMax ? value : null
}
