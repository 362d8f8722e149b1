import { attempt } from './attempt.ts'

interface Anchor {
  readonly element: Element
  /** Distance from the top of the viewport, in CSS pixels. */
  readonly top: number
}

/**
 * Changes the list while what the reader looks at stays where it is on the screen. `leaving` are articles that the
 * change takes elsewhere, so they hold nothing in place. Browsers anchor scrolling too, but not all of them, and not
 * from the very top of a page: theirs rests until the next frame, so that both don't add up.
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
  })
}

/** Scroll positions are whole pixels. What one change could not make good, the next one does: else it would add up. */
let owed = 0

export function restBrowserAnchoring(): void {
  const { style } = document.documentElement
  style.setProperty('overflow-anchor', 'none')
  requestAnimationFrame(() => style.removeProperty('overflow-anchor'))
}

/** Blocks that begin in view, in reading order; last, the article that fills the view from above. */
function anchorsOf(list: Element, edge: number, leaving: ReadonlySet<Element>): Anchor[] {
  const begun: Anchor[] = []
  const reachingIn: Anchor[] = []
  for (const article of list.children) {
    const box = article.getBoundingClientRect()
    if (box.top > window.innerHeight) break
    if (box.bottom <= edge || leaving.has(article)) continue
    ;(box.top >= edge ? begun : reachingIn).push({ element: article, top: box.top })
    for (const block of article.querySelectorAll(':scope > .what > *, :scope > .what > .body > *')) {
      const { top } = block.getBoundingClientRect()
      if (top >= edge && top <= window.innerHeight) begun.push({ element: block, top })
    }
  }
  return [...begun, ...reachingIn]
}
