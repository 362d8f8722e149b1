import type { Post } from '../../wire/post.ts'
import { articleRead, keepPlace, restBrowserAnchoring } from './anchor.ts'
import { Articles, type MakeArticle } from './articles.ts'
import { attempt } from './attempt.ts'
import { keepFocus } from './focus.ts'
import type { GapMarks } from './gap-marks.ts'
import { canGlide, glide } from './glide.ts'
import { type Gap, isGap, isPinned, ListWindow, type Steps } from './list-window.ts'

/** When posts that the reader has not seen go into the list. */
export type Admission = 'now' | 'at-the-top' | 'later'

export interface Synced {
  /** New posts that wait, stubs of retracted ones left out. */
  readonly waiting: number
  /** New posts that have just come in, and the uppermost of their articles. */
  readonly admitted: number
  readonly first: HTMLElement | undefined
  /** Posts of the page that were corrected and retracted. */
  readonly corrected: number
  readonly takenBack: number
}

/** Of a new post that comes in by itself, so much has to be in view, in CSS pixels. */
const seenPxMin = 160

export interface PostListOptions {
  readonly makers: readonly MakeArticle[]
  /** Posts that the page was rendered with. */
  readonly posts: readonly Post[]
  readonly marks: GapMarks
  /** Height of what covers the top of the viewport, in CSS pixels. */
  readonly edge: () => number
}

/**
 * The list of a page. Edits, pins and retractions apply as soon as they are known and move nothing that is being read;
 * only new posts can be made to wait. The page has a window of the list, with marks where posts are left out.
 */
export class PostList {
  readonly #list: HTMLElement
  readonly #articles: Articles
  readonly #window = new ListWindow()
  readonly #marks: GapMarks
  readonly #edge: () => number
  #posts: readonly Post[] = []
  /** Time of the newest post that has been let in; whatever is later is new to the reader. */
  #newest = ''
  /** Whether a post stands elsewhere than it should, since it is being read. */
  #owesMoves = false

  constructor(list: HTMLElement, { makers, posts, marks, edge }: PostListOptions) {
    this.#list = list
    this.#articles = new Articles(list, makers, posts)
    this.#marks = marks
    this.#edge = edge
    for (const { dataset } of list.querySelectorAll<HTMLElement>(':scope > [data-post]')) {
      const { published = '' } = dataset
      if (published > this.#newest) this.#newest = published
    }
  }

  has(post: Post): boolean {
    return this.#articles.has(post)
  }

  get size(): number {
    return this.#articles.size
  }

  distrustVersions(): void {
    this.#articles.distrustVersions()
  }

  /** Brings posts that the page has up to date, in place, and leaves all others aside. */
  update(posts: readonly Post[]): void {
    const refresh = () => {
      for (const post of posts) this.#articles.refresh(post)
    }
    this.#move(new Set(), () => keepFocus(this.#list, refresh))
  }

  /** Makes the list show `posts`, in their order. */
  sync(posts: readonly Post[], admission: Admission): Synced {
    const fresh = posts.filter((post) => this.#isFresh(post))
    const isSeen = () => attempt('where new posts go', () => this.#isInsertionSeen()) ?? false
    const admitted = admission === 'now' || (admission === 'at-the-top' && isSeen()) ? fresh : []
    const isAdmitted = new Set(admitted)
    const isFresh = new Set(fresh)
    this.#posts = posts.filter((post) => !isFresh.has(post) || isAdmitted.has(post))
    for (const { publishedAt } of admitted) if (publishedAt > this.#newest) this.#newest = publishedAt
    const [step = [], ...more] = this.#window.admit(admitted.filter((post) => !isPinned(post)))
    this.#window.show(step)
    this.#window.keepOnly(this.#posts)
    if (admitted.length > 0 && admission === 'now') this.#jump(admitted)
    else this.#show()
    this.#showLater(more)
    return {
      waiting: fresh.filter((post) => post.status === 'published' && !isAdmitted.has(post)).length,
      admitted: admitted.filter(({ status }) => status === 'published').length,
      first: admitted.flatMap(({ id }) => this.#articles.elementOf(id) ?? [])[0],
      ...this.#articles.takeCounts(),
    }
  }

  /** Brings some posts of a gap onto the page, to where its mark is on the screen. Gives the first of their articles. */
  open(gap: Gap, mark: Element, from: 'newest' | 'oldest'): HTMLElement | undefined {
    const { top } = mark.getBoundingClientRect()
    const [step = [], ...more] = this.#window.stepsInto(gap, from)
    this.#window.show(step)
    this.#jump(step)
    this.#showLater(more)
    const uppermost = from === 'newest' ? step[0] : step[step.length - 1]
    const first = uppermost === undefined ? undefined : this.#articles.elementOf(uppermost.id)
    if (first !== undefined) {
      window.scrollBy({ top: Math.round(first.getBoundingClientRect().top - top), behavior: 'instant' })
    }
    return first
  }

  /** Makes good what had to wait while it was read. To be called when the reader has moved on. */
  settle(): void {
    if (this.#owesMoves) this.#show()
  }

  /** Step by step, with a frame painted before each: what is far below the reader must not keep the page from answering. */
  #showLater([step, ...more]: Steps): void {
    if (step === undefined) return
    const show = () => {
      this.#window.show(step)
      attempt('posts further down', () => this.#show())
      this.#showLater(more)
    }
    if (document.hidden) setTimeout(show)
    else requestAnimationFrame(() => setTimeout(show))
  }

  #isFresh(post: Post): boolean {
    return post.publishedAt > this.#newest && !this.#articles.has(post) && !this.#window.hasLeftOut(post)
  }

  /** The reader asks for these posts, and is brought to them: nothing is kept in its place. */
  #jump([first]: readonly Post[]): void {
    this.#window.bound(this.#posts, first?.id, () => false)
    restBrowserAnchoring()
    this.#arrange(new Set())
  }

  #show(): void {
    // Nothing that fails in looking at the page keeps a change from it.
    attempt('fewer posts', () => this.#bound())
    const { leaving, held } = attempt('what is read', () => this.#moves()) ?? { leaving: new Set(), held: new Set() }
    this.#owesMoves = held.size > 0
    this.#move(leaving, () => this.#arrange(held))
  }

  #move(leaving: ReadonlySet<Element>, change: () => void): void {
    glide(this.#list, () => keepPlace(this.#list, this.#edge(), leaving, change))
  }

  #bound(): void {
    const read = articleRead(this.#list, this.#edge())
    const id = read?.dataset['post']
    const isKept = (post: Post) => {
      const element = this.#articles.elementOf(post.id)
      return element !== undefined && (element.contains(document.activeElement) || this.#isInView(element))
    }
    this.#window.bound(this.#posts, id, isKept)
  }

  /**
   * Articles that a pin or its end takes elsewhere, and those that go; and those that are held where they are, since they
   * are being read. At the very top of the page the eye can follow them.
   */
  #moves(): { leaving: Set<Element>; held: Set<string> } {
    const follows = window.scrollY <= 0 && canGlide()
    const due = new Set<Element>()
    const leaving = new Set<Element>()
    const held = new Set<string>()
    for (const post of this.#posts) {
      const element = this.#articles.elementOf(post.id)
      if (element === undefined) continue
      due.add(element)
      if (this.#articles.isPlacedPinned(post) === isPinned(post)) continue
      if (!follows && this.#isInView(element)) held.add(post.id)
      else leaving.add(element)
    }
    for (const element of this.#list.querySelectorAll(':scope > [data-post]')) {
      if (!due.has(element)) leaving.add(element)
    }
    return { leaving, held }
  }

  #arrange(held: ReadonlySet<string>): void {
    keepFocus(this.#list, () => {
      // Retractions come first: nothing that fails after them can leave a retracted text on the page.
      for (const post of this.#posts) if (post.status === 'retracted') this.#articles.refresh(post)
      const moving = this.#place(held)
      const entries = this.#window.entries(this.#inOrder(held))
      this.#articles.dropAllBut(new Set(entries.flatMap((entry) => (isGap(entry) ? [] : [entry.id]))))
      this.#marks.begin()
      const elements = entries.flatMap((entry) => {
        if (isGap(entry)) return [this.#marks.next(entry)]
        // Nothing of what is read moves: a pin shows when it takes the post elsewhere.
        if (held.has(entry.id) && this.#articles.lacksPinOnly(entry)) return this.#articles.elementOf(entry.id) ?? []
        return this.#articles.refresh(entry) ?? this.#articles.add(entry) ?? []
      })
      this.#marks.end()
      this.#put(elements, moving)
    })
  }

  /** Notes where posts stand from now on. Gives the articles that go elsewhere by that. */
  #place(held: ReadonlySet<string>): Set<Element> {
    const moving = new Set<Element>()
    for (const post of this.#posts) {
      if (held.has(post.id) || this.#articles.isPlacedPinned(post) === isPinned(post)) continue
      this.#articles.place(post)
      const element = this.#articles.elementOf(post.id)
      if (element !== undefined) moving.add(element)
    }
    return moving
  }

  /** Puts the elements into the list in this order. What stays in its place is not touched. */
  #put(elements: readonly HTMLElement[], moving: Set<Element>): void {
    let next = this.#list.firstElementChild
    for (const element of elements) {
      while (next !== null && next !== element && (moving.has(next) || this.#marks.has(next))) {
        next = next.nextElementSibling
      }
      if (element === next) {
        next = next.nextElementSibling
      } else {
        this.#list.insertBefore(element, next)
        moving.delete(element)
      }
    }
  }

  /** Pinned posts first, as the feed has them; but those that are held stand where they stood. */
  #inOrder(held: ReadonlySet<string>): readonly Post[] {
    if (held.size === 0) return this.#posts
    const isFirst = (post: Post) => this.#articles.isPlacedPinned(post)
    return [...this.#posts].sort(
      (a, b) => Number(isFirst(b)) - Number(isFirst(a)) || (a.publishedAt < b.publishedAt ? 1 : -1),
    )
  }

  /**
   * Whether the page stands at its top and the place where new posts go is in view. There they go in by themselves, if
   * the eye can follow what makes room for them.
   */
  #isInsertionSeen(): boolean {
    if (window.scrollY > 0) return false
    const first = this.#list.querySelector(':scope > .post:not(.pinned)')
    if (first !== null && !canGlide()) return false
    const place = first === null ? this.#list.getBoundingClientRect().bottom : first.getBoundingClientRect().top
    return place <= window.innerHeight - Math.min(seenPxMin, window.innerHeight / 3)
  }

  #isInView(element: Element): boolean {
    const { top, bottom } = element.getBoundingClientRect()
    return bottom > this.#edge() && top < window.innerHeight
  }
}
