import { startDeadline } from './deadline.ts'
import type { Timing } from './timing.ts'
import { isHidden } from './wake.ts'

export interface SocketWatchOptions {
  readonly timing: Pick<Timing, 'quietMs' | 'answerTimeoutMs'>
  /** Asks the server for a sign of life. */
  ask(): void
  /** The socket brought nothing for too long, not even an answer. */
  dead(): void
}

/**
 * Finds a connection that is dead though nobody said so, as when a phone changes its network. Anything that comes is a sign
 * of life; only if nothing has come for a while is the server asked for one. A page that is hidden asks for none, since
 * each one wakes a phone's radio: it checks its cursor when it is shown.
 */
export class SocketWatch {
  readonly #options: SocketWatchOptions
  #heardAtMs = performance.now()
  #asked = false
  #stop: () => void = () => {}

  constructor(options: SocketWatchOptions) {
    this.#options = options
    this.#look()
  }

  /** To be called whenever something comes. */
  heard(): void {
    this.#heardAtMs = performance.now()
    if (!this.#asked) return
    this.#asked = false
    this.#stop()
    this.#look()
  }

  stop(): void {
    this.#stop()
  }

  #look(): void {
    const { timing } = this.#options
    // What comes often must not start a timer each time.
    const leftMs = isHidden() ? timing.quietMs : timing.quietMs - (performance.now() - this.#heardAtMs)
    if (leftMs > 0) {
      const timer = setTimeout(() => this.#look(), leftMs)
      this.#stop = () => clearTimeout(timer)
      return
    }
    this.#asked = true
    this.#options.ask()
    this.#stop = startDeadline(timing.answerTimeoutMs, () => this.#options.dead())
  }
}
