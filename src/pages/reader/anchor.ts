import { attempt } from './attempt.ts'

interface Anchor {
  readonly element: Element
  /** Distance from the top of the viewport, in CSS pixels. */
  readonly top: number
}

/**
 * Changes the list and keeps what the reader looks at in its place on the screen. `edge` is the height of what covers
 * the viewport's top, in CSS pixels. `leaving` are articles that the change takes elsewhere, so they hold nothing in
 * place. Browsers anchor scrolling too, but not all of them, and not from the very top of a page: theirs rests until the
 * next frame, so that both don't add up.
 */
export function keepPlace(list: Element, edge: number, leaving: ReadonlySet<Element>, change: () => void): void {
  const measure = () => (window.scrollY > 0 ? anchorsOf(list, edge, leaving) : [])
  const anchors = attempt("the reader's place", measure) ?? []
  restBrowserAnchoring()
  change()
  const held = anchors.find((anchor) => anchor.element.isConnected)
  if (held === undefined) return
  const moved = () => held.element.getBoundingClientRect().top - held.top + owed
  attempt("the reader's place", () => {
    window.scrollBy({ top: Math.round(moved()), behavior: 'instant' })
    const rest = moved()
    owed = Math.abs(rest) < 1 ? rest : 0
    showWhatIsLeft(held, edge)
  })
}

/** Of an article that filled the view, so little may be left that it ends above: then what is left is shown. */
function showWhatIsLeft({ element, top }: Anchor, edge: number): void {
  const box = element.getBoundingClientRect()
  if (top < edge && box.bottom <= edge) window.scrollBy({ top: Math.floor(box.top - edge), behavior: 'instant' })
}

/** Scroll positions are whole pixels. What one change could not make good, the next one does: else it would add up. */
let owed = 0

export function restBrowserAnchoring(): void {
  const { style } = document.documentElement
  style.setProperty('overflow-anchor', 'none')
  requestAnimationFrame(() => style.removeProperty('overflow-anchor'))
}

/**
 * Blocks that begin in view, in reading order; then the article that fills the view from above; then the ones next to
 * the view, for when nothing in it is left.
 */
function anchorsOf(list: Element, edge: number, leaving: ReadonlySet<Element>): Anchor[] {
  const begun: Anchor[] = []
  const reachingIn: Anchor[] = []
  const below: Anchor[] = []
  const above: Anchor[] = []
  for (const article of list.children) {
    if (leaving.has(article)) continue
    const { top, bottom } = article.getBoundingClientRect()
    const anchor = { element: article, top }
    if (top > window.innerHeight) {
      below.push(anchor)
      break
    }
    if (bottom <= edge) {
      above[0] = anchor
      continue
    }
    ;(top >= edge ? begun : reachingIn).push(anchor)
    for (const block of article.querySelectorAll(':scope > .what > *, :scope > .what > .body > *')) {
      const blockTop = block.getBoundingClientRect().top
      if (blockTop >= edge && blockTop <= window.innerHeight) begun.push({ element: block, top: blockTop })
    }
  }
  return [...begun, ...reachingIn, ...below, ...above]
}

/** The post's article at the top of the view, or the one that fills it. */
export function articleRead(list: Element, edge: number): HTMLElement | undefined {
  const articles = [...list.querySelectorAll<HTMLElement>(':scope > [data-post]')]
  return articles.find((article) => article.getBoundingClientRect().bottom > edge)
}
