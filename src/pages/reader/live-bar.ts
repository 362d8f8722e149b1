import type { FeedState } from '../../client/index.ts'
import { Announcer } from './announcer.ts'
import { element } from './document.ts'
import type { Words } from './words.ts'

/** How long a passing announcement stays on the screen. */
const announcementMs = 8_000

/** What has changed on the page. */
export interface Changed {
  /** New posts that wait to be shown. */
  readonly waiting: number
  /** New posts that have come in by themselves. */
  readonly admitted: number
  readonly corrected: number
  readonly takenBack: number
}

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
  readonly #announcer: Announcer
  #state: FeedState = 'connecting'
  #slowed = false
  #waiting = 0
  #paused = false
  #lost = false
  #fading: ReturnType<typeof setTimeout> | undefined

  constructor(words: Words, on: { showNew(): void; pause(paused: boolean): void }) {
    this.#words = words
    this.#announcer = new Announcer(words, (text) => this.#show(text))
    this.#bar.hidden = false
    this.#showNew.addEventListener('click', () => on.showNew())
    this.#pause.addEventListener('click', () => {
      this.#paused = !this.#paused
      this.#pause.hidden = isIdle(this.#state) && !this.#paused
      this.#pause.textContent = this.#paused ? words.resume : words.pause
      this.#bar.toggleAttribute('data-paused', this.#paused)
      this.#showConnection()
      this.say(this.#paused ? words.paused : words.resumed)
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
    // Where nothing comes live there is nothing to pause; what is paused already can be resumed.
    this.#pause.hidden = isIdle(state) && !this.#paused
    if (state === 'offline') {
      this.#lost = true
      this.#announcer.state(this.#words.lost)
    } else if (state === 'ended' && previous === 'live') {
      this.#announcer.state(this.#words.ended)
    } else if (this.#lost && (state === 'live' || isIdle(state))) {
      this.#lost = false
      this.#announcer.state(this.#words.restored)
    }
  }

  /** Whether posts come later than usual, since too many readers share the address. That is no loss of the connection. */
  slowed(slowed: boolean): void {
    this.#slowed = slowed
    this.#bar.toggleAttribute('data-slowed', slowed)
    this.#showConnection()
    if (slowed) this.#announcer.state(this.#words.slowedDown)
  }

  changed({ waiting, admitted, corrected, takenBack }: Changed): void {
    this.#announcer.count({ fresh: admitted + waiting - this.#waiting, corrected, takenBack })
    this.#waiting = waiting
    this.#showNew.hidden = waiting === 0
    this.#showNew.textContent = waiting === 0 ? '' : this.#words.newPosts(waiting)
    this.#bar.toggleAttribute('data-waiting', waiting > 0)
  }

  /** Answers what the reader has done. */
  say(text: string): void {
    this.#announcer.answer(text)
  }

  #showConnection(): void {
    const { connection, slowed } = this.#words
    const comes = this.#state !== 'offline' && this.#state !== 'closed' && !isIdle(this.#state)
    const paused = comes && this.#paused ? connection.paused : undefined
    const usual = comes && this.#slowed ? slowed : connection[this.#state]
    this.#connection.textContent = paused ?? usual
  }

  #show(text: string): void {
    clearTimeout(this.#fading)
    this.#announcement.textContent = text
    // A line that says "2 new posts" an hour later would be wrong; taking text away is not read out.
    this.#fading = setTimeout(() => {
      if (this.#state !== 'offline' || text !== this.#words.lost) this.#announcement.textContent = ''
    }, announcementMs)
  }
}

/** Whether the channel has not begun, or has ended. */
function isIdle(state: FeedState): boolean {
  return state === 'scheduled' || state === 'ended'
}
