import type { Problem } from '../wire/problem.ts'
import type { FollowOptions } from './follow.ts'

type Callbacks = Pick<FollowOptions, 'onSnapshot' | 'onBatch' | 'onState' | 'onSlowed' | 'onError'>
type Name = keyof Callbacks
type Call<N extends Name> = Parameters<NonNullable<Callbacks[N]>>

/** Kinds of failure that are told before the feed has been live for a while, at most. */
const toldMax = 100

/**
 * The caller's functions. What one of them throws is reported as an uncaught error is, and stops nothing: neither the
 * feed nor, in Node, the process.
 */
export class Listener {
  readonly #callbacks: Callbacks
  readonly #told = new Set<string>()

  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks
  }

  tell<N extends Name>(name: N, ...call: Call<N>): void {
    const callbacks: { readonly [K in Name]?: (...call: Call<K>) => void } = this.#callbacks
    try {
      callbacks[name]?.(...call)
    } catch (error) {
      // Node and older browsers don't have it.
      if (typeof reportError === 'function') reportError(error)
      else console.error(error)
    }
  }

  /** Tells a failure, unless one of its kind was told since things last went well. */
  fail(problem: Problem, by: string): void {
    const kind = `${problem.code} ${by}`
    if (this.#told.has(kind) || this.#told.size >= toldMax) return
    this.#told.add(kind)
    this.tell('onError', problem)
  }

  wentWell(): void {
    this.#told.clear()
  }
}
