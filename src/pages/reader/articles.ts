import type { Post } from '../../wire/post.ts'
import { attempt } from './attempt.ts'
import { isPinned } from './list-window.ts'
import { morph, morphAttributes } from './morph.ts'

export type MakeArticle = (post: Post) => HTMLElement

interface Shown {
  readonly element: HTMLElement
  version: number
  /** Whether it stands among the pinned ones. It may do so later than it is pinned. */
  placedPinned: boolean
  retracted: boolean
  corrections: number
  /** When its content changed last; a pin is no such change. Undefined if that is not known. */
  updatedAt: string | undefined
}

/**
 * The articles of a page, by post and version. A post that can't be shown as it should be is shown in a plainer way, and
 * no other post is touched by that.
 */
export class Articles {
  readonly #shown = new Map<string, Shown>()
  /** Best first. */
  readonly #makers: readonly MakeArticle[]
  #corrected = 0
  #takenBack = 0

  /** Takes over the articles that the server has rendered, of these posts as far as they are known. */
  constructor(list: HTMLElement, makers: readonly MakeArticle[], posts: readonly Post[]) {
    this.#makers = makers
    const updatedAt = new Map<string, string>()
    for (const post of posts) if (post.status === 'published') updatedAt.set(post.id, post.updatedAt)
    for (const element of list.querySelectorAll<HTMLElement>(':scope > [data-post]')) {
      const { post = '', version } = element.dataset
      this.#shown.set(post, {
        element,
        version: Number(version),
        placedPinned: element.classList.contains('pinned'),
        retracted: element.classList.contains('retracted'),
        corrections: element.querySelectorAll('.note:not(.sensitivity)').length,
        updatedAt: updatedAt.get(post),
      })
    }
  }

  get size(): number {
    return this.#shown.size
  }

  has(post: Post): boolean {
    return this.#shown.has(post.id)
  }

  elementOf(id: string): HTMLElement | undefined {
    return this.#shown.get(id)?.element
  }

  /** Whether nothing but a pin, or its end, is not shown yet. */
  lacksPinOnly(post: Post): boolean {
    return post.status === 'published' && this.#shown.get(post.id)?.updatedAt === post.updatedAt
  }

  /** Whether the post stands among the pinned ones, or is to go there as a new one. */
  isPlacedPinned(post: Post): boolean {
    return this.#shown.get(post.id)?.placedPinned ?? isPinned(post)
  }

  place(post: Post): void {
    const shown = this.#shown.get(post.id)
    if (shown !== undefined) shown.placedPinned = isPinned(post)
  }

  /** How many posts have been corrected and retracted since this was asked last. */
  takeCounts(): { readonly corrected: number; readonly takenBack: number } {
    const counts = { corrected: this.#corrected, takenBack: this.#takenBack }
    this.#corrected = 0
    this.#takenBack = 0
    return counts
  }

  /** Another log may have used the same versions for other texts: all that is shown is compared with what comes next. */
  distrustVersions(): void {
    for (const shown of this.#shown.values()) {
      shown.version = Number.NaN
      shown.updatedAt = undefined
    }
  }

  dropAllBut(ids: ReadonlySet<string>): void {
    for (const [id, { element }] of this.#shown) {
      if (ids.has(id)) continue
      element.remove()
      this.#shown.delete(id)
    }
  }

  /** Brings the article of a post up to date, in place. Undefined if there is none. */
  refresh(post: Post): HTMLElement | undefined {
    const shown = this.#shown.get(post.id)
    if (shown !== undefined && shown.version !== post.version) {
      this.#change(shown.element, post)
      this.#count(shown, post)
      shown.version = post.version
    }
    return shown?.element
  }

  /** Undefined if the post can be shown in no way. */
  add(post: Post): HTMLElement | undefined {
    for (const make of this.#makers) {
      const element = attempt(`post ${post.id}`, () => make(post))
      if (element === undefined) continue
      this.#shown.set(post.id, { element, version: post.version, placedPinned: isPinned(post), ...factsOf(post) })
      return element
    }
    return undefined
  }

  #count(shown: Shown, post: Post): void {
    const facts = factsOf(post)
    if (facts.retracted && !shown.retracted) this.#takenBack++
    else if (facts.corrections > shown.corrections) this.#corrected++
    Object.assign(shown, facts)
  }

  /** Never throws. If an edit can be shown in no way, the article stays as it was; a retracted one is emptied. */
  #change(element: HTMLElement, post: Post): void {
    const [best] = this.#makers
    const ways = this.#makers.map((make) => () => replaceContent(element, make(post)))
    // What a retraction takes away goes as a whole, without asking which of its nodes could stay.
    if (post.status === 'published' && best !== undefined) ways.unshift(() => morph(element, best(post)))
    const works = (way: () => void) => {
      way()
      return true
    }
    if (ways.some((way) => attempt(`a change of post ${post.id}`, () => works(way)))) return
    if (post.status === 'retracted') element.textContent = ''
  }
}

function factsOf(post: Post): Pick<Shown, 'retracted' | 'corrections' | 'updatedAt'> {
  if (post.status === 'retracted') return { retracted: true, corrections: 0, updatedAt: undefined }
  return { retracted: false, corrections: post.corrections.length, updatedAt: post.updatedAt }
}

/** The element itself stays: the list and the reader's place hold on to it. */
function replaceContent(element: HTMLElement, fresh: HTMLElement): void {
  morphAttributes(element, fresh)
  element.replaceChildren(...fresh.childNodes)
}
