import type { FeedState } from '../../client/index.ts'
import { element } from './document.ts'
import type { Words } from './words.ts'

/** How long a passing announcement stays on the screen. */
const announcementMs = 8_000

/**
 * The line above the posts that stays in view: how the connection is, what has happened, the button that shows what
 * waits, and the pause (WCAG 2.2, 2.2.2). One element of it is a live region, and the list is none (4.1.3).
 */
export class LiveBar {
  readonly #words: Words
  readonly #bar = element(document, '[data-bar]', HTMLElement)
  readonly #connection = element(document, '[data-connection]', HTMLElement)
  readonly #announcement = element(document, '[data-announcement]', HTMLElement)
  readonly #showNew = element(document, '[data-show-new]', HTMLButtonElement)
  readonly #pause = element(document, '[data-pause]', HTMLButtonElement)
  #state: FeedState = 'connecting'
  #slowed = false
  #waiting = 0
  #paused = false
  #lost = false
  #fading: ReturnType<typeof setTimeout> | undefined

  constructor(words: Words, on: { showNew(): void; pause(paused: boolean): void }) {
    this.#words = words
    this.#bar.hidden = false
    this.#showNew.addEventListener('click', () => on.showNew())
    this.#pause.addEventListener('click', () => {
      this.#paused = !this.#paused
      this.#pause.textContent = this.#paused ? words.resume : words.pause
      this.#bar.toggleAttribute('data-paused', this.#paused)
      this.#announce(this.#paused ? words.paused : words.resumed)
      on.pause(this.#paused)
    })
    this.state(this.#state)
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Height of the viewport's top that the bar covers while it sticks there, in CSS pixels. */
  get coveredPx(): number {
    return this.#bar.offsetHeight
  }

  state(state: FeedState): void {
    const previous = this.#state
    this.#state = state
    this.#bar.setAttribute('data-state', state)
    this.#showConnection()
    if (state === 'offline') {
      this.#lost = true
      this.#announce(this.#words.lost, 'stays')
    } else if (state === 'ended' && previous === 'live') {
      this.#announce(this.#words.ended)
    } else if (this.#lost && (state === 'live' || state === 'ended')) {
      this.#lost = false
      this.#announce(this.#words.restored)
    }
  }

  /** Whether posts come later than usual, since too many readers share the address. That is no loss of the connection. */
  slowed(slowed: boolean): void {
    this.#slowed = slowed
    this.#bar.toggleAttribute('data-slowed', slowed)
    this.#showConnection()
    if (slowed) this.#announce(this.#words.slowedDown)
  }

  /** Posts that wait to be shown. Their number is announced when it grows. */
  waiting(count: number): void {
    const text = this.#words.newPosts(count)
    if (count > this.#waiting) this.#announce(text)
    this.#waiting = count
    this.#showNew.hidden = count === 0
    this.#showNew.textContent = count === 0 ? '' : text
    this.#bar.toggleAttribute('data-waiting', count > 0)
  }

  admitted(count: number): void {
    if (count > 0) this.#announce(this.#words.newPosts(count))
  }

  say(text: string): void {
    this.#announce(text)
  }

  #showConnection(): void {
    const live = this.#state !== 'offline' && this.#state !== 'closed' && this.#state !== 'ended'
    this.#connection.textContent = live && this.#slowed ? this.#words.slowed : this.#words.connection[this.#state]
  }

  #announce(text: string, lasting: 'passes' | 'stays' = 'passes'): void {
    clearTimeout(this.#fading)
    this.#announcement.textContent = text
    if (lasting === 'stays') return
    // A line that says "2 new posts" an hour later would be wrong; taking text away is not read out.
    this.#fading = setTimeout(() => {
      this.#announcement.textContent = this.#state === 'offline' ? this.#words.lost : ''
    }, announcementMs)
  }
}
