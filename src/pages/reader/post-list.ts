import type { Post } from '../../wire/post.ts'
import { keepPlace, restBrowserAnchoring } from './anchor.ts'
import { attempt } from './attempt.ts'
import { morph, morphAttributes } from './morph.ts'

interface Shown {
  readonly element: HTMLElement
  version: number
  pinned: boolean
}

/** When posts that the reader has not seen go into the list. */
export type Admission = 'now' | 'at-the-top' | 'later'

export interface Synced {
  /** New posts that wait, stubs of retracted ones left out. */
  readonly waiting: number
  /** Articles of new posts that have just come in, in the order of the list. */
  readonly admitted: readonly HTMLElement[]
}

type MakeArticle = (post: Post) => HTMLElement

/**
 * The articles of a page, keyed by post and version. Edits, pins and retractions apply as soon as they are known and
 * move nothing that is being read; only new posts can be made to wait. A post that can't be shown as it should be is
 * shown in a plainer way, and no other post is touched by that.
 */
export class PostList {
  readonly #list: HTMLElement
  /** Best first. */
  readonly #makers: readonly MakeArticle[]
  /** Height of what covers the top of the viewport, in CSS pixels. */
  readonly #edge: () => number
  readonly #shown = new Map<string, Shown>()
  /** Time of the newest post that has been let in; whatever is later is new to the reader. */
  #newest = ''

  constructor(list: HTMLElement, makers: readonly MakeArticle[], edge: () => number) {
    this.#list = list
    this.#makers = makers
    this.#edge = edge
    for (const element of list.querySelectorAll<HTMLElement>(':scope > [data-post]')) {
      const { post = '', version, published = '' } = element.dataset
      this.#shown.set(post, { element, version: Number(version), pinned: element.classList.contains('pinned') })
      if (published > this.#newest) this.#newest = published
    }
  }

  has(post: Post): boolean {
    return this.#shown.has(post.id)
  }

  get size(): number {
    return this.#shown.size
  }

  /** Brings posts that the page has up to date, in place, and leaves all others aside. */
  update(posts: readonly Post[]): void {
    keepPlace(this.#list, this.#edge(), new Set(), () => {
      for (const post of posts) this.#refresh(post)
    })
  }

  /** Another log may have used the same versions for other texts: all that is shown is compared with the next sync. */
  distrustVersions(): void {
    for (const shown of this.#shown.values()) shown.version = Number.NaN
  }

  /** Makes the list show `posts`, in their order. */
  sync(posts: readonly Post[], admission: Admission): Synced {
    const fresh = new Set(posts.filter((post) => !this.has(post) && post.publishedAt > this.#newest))
    const known = posts.filter((post) => !fresh.has(post))
    keepPlace(this.#list, this.#edge(), this.#leaving(posts), () => this.#arrange(known))
    if (admission === 'later' || (admission === 'at-the-top' && !this.#isAtTop())) {
      return { waiting: [...fresh].filter((post) => post.status === 'published').length, admitted: [] }
    }
    if (fresh.size > 0) {
      restBrowserAnchoring()
      this.#arrange(posts)
    }
    for (const { publishedAt } of fresh) if (publishedAt > this.#newest) this.#newest = publishedAt
    return { waiting: 0, admitted: [...fresh].flatMap(({ id }) => this.#shown.get(id)?.element ?? []) }
  }

  /** Articles that a pin or its end takes elsewhere, and those that go. */
  #leaving(posts: readonly Post[]): Set<Element> {
    const due = new Map(posts.map((post) => [post.id as string, isPinned(post)]))
    const leaving = [...this.#shown].filter(([id, { pinned }]) => due.get(id) !== pinned)
    return new Set(leaving.map(([, { element }]) => element))
  }

  #arrange(posts: readonly Post[]): void {
    const focused = document.activeElement
    const leaving = this.#leaving(posts)
    // Retractions come first: nothing that fails after them can leave a retracted text on the page.
    for (const post of posts) if (post.status === 'retracted') this.#refresh(post)
    this.#drop(posts)
    let next = this.#list.firstElementChild
    for (const post of posts) {
      const element = this.#refresh(post) ?? this.#add(post)
      while (next !== null && leaving.has(next)) next = next.nextElementSibling
      if (element === undefined) continue
      if (element === next) {
        next = next.nextElementSibling
      } else {
        this.#list.insertBefore(element, next)
        leaving.delete(element)
      }
    }
    // An element that is taken elsewhere loses the focus on its way.
    if (focused instanceof HTMLElement && focused.isConnected && document.activeElement !== focused) {
      focused.focus({ preventScroll: true })
    }
  }

  #drop(posts: readonly Post[]): void {
    const due = new Set<string>(posts.map((post) => post.id))
    for (const [id, { element }] of this.#shown) {
      if (due.has(id)) continue
      element.remove()
      this.#shown.delete(id)
    }
  }

  #refresh(post: Post): HTMLElement | undefined {
    const shown = this.#shown.get(post.id)
    if (shown !== undefined && shown.version !== post.version) {
      this.#change(shown.element, post)
      shown.version = post.version
      shown.pinned = isPinned(post)
    }
    return shown?.element
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

  #add(post: Post): HTMLElement | undefined {
    for (const make of this.#makers) {
      const element = attempt(`post ${post.id}`, () => make(post))
      if (element === undefined) continue
      this.#shown.set(post.id, { element, version: post.version, pinned: isPinned(post) })
      return element
    }
    return undefined
  }

  /** Whether the newest post's place is in view or still below it: something new there takes nothing out of sight. */
  #isAtTop(): boolean {
    const first = this.#list.querySelector(':scope > .post:not(.pinned)')
    return first === null || window.scrollY <= 0 || first.getBoundingClientRect().top >= this.#edge()
  }
}

/** The element itself stays: the list and the reader's place hold on to it. */
function replaceContent(element: HTMLElement, fresh: HTMLElement): void {
  const held = element.contains(document.activeElement) && element !== document.activeElement
  morphAttributes(element, fresh)
  element.replaceChildren(...fresh.childNodes)
  if (held) element.querySelector('a')?.focus({ preventScroll: true })
}

function isPinned(post: Post): boolean {
  return post.status === 'published' && post.pinned
}
