import type { Gap } from './list-window.ts'
import type { Words } from './words.ts'

/** The marks in the list where posts are left out. Each has a button that brings some of them. */
export class GapMarks {
  readonly #words: Words
  readonly #open: (gap: Gap, mark: HTMLElement) => void
  readonly #marks: HTMLElement[] = []
  readonly #gaps = new WeakMap<Element, Gap>()
  #used = 0

  constructor(words: Words, open: (gap: Gap, mark: HTMLElement) => void) {
    this.#words = words
    this.#open = open
  }

  has(element: Element): boolean {
    return this.#gaps.has(element)
  }

  /** The marks are given out again, from the first one on. */
  begin(): void {
    this.#used = 0
  }

  next(gap: Gap): HTMLElement {
    const mark = this.#marks[this.#used] ?? this.#make()
    this.#used++
    this.#gaps.set(mark, gap)
    const button = mark.querySelector('button')
    if (button !== null) button.textContent = this.#words.gap(gap.left.length)
    return mark
  }

  /** Takes away those that were not given out. */
  end(): void {
    for (const mark of this.#marks.slice(this.#used)) mark.remove()
  }

  /** In a feed there are articles only (WAI-ARIA 1.2, "feed"). */
  #make(): HTMLElement {
    const mark = document.createElement('article')
    mark.className = 'gap'
    const button = document.createElement('button')
    button.type = 'button'
    button.addEventListener('click', () => {
      const gap = this.#gaps.get(mark)
      if (gap !== undefined) this.#open(gap, mark)
    })
    mark.append(button)
    this.#marks.push(mark)
    return mark
  }
}
