import { attempt } from './attempt.ts'

const glideMs = 300

/** Whether what moves can be seen to move. A reader who wants no motion gets none (WCAG 2.2, 2.3.3). */
export function canGlide(): boolean {
  const wanted = !matchMedia('(prefers-reduced-motion: reduce)').matches
  return wanted && !document.hidden && typeof Element.prototype.animate === 'function'
}

/** From the top of the viewport, in CSS pixels. */
interface Extent {
  readonly top: number
  readonly bottom: number
}

/**
 * Makes a change, and lets what it moves in view glide to its new place. At first nothing has moved: what a transform
 * makes good is no layout shift (Layout Instability, "unstable"). The change is made even if nothing can glide.
 */
export function glide(list: Element, change: () => void): void {
  const before = attempt('what moves', () => (canGlide() ? extentsOf(list) : undefined))
  attempt('what moved before', stopGliding)
  change()
  if (before !== undefined) attempt('what moves', () => startGliding(list, before))
}

function extentsOf(list: Element): ReadonlyMap<Element, Extent> {
  return new Map(partsOf(list).map((part) => [part, part.getBoundingClientRect()]))
}

/** What is still on its way would mislead those who measure where things are. */
function stopGliding(): void {
  for (const stop of gliding.values()) stop()
  gliding.clear()
}

function startGliding(list: Element, before: ReadonlyMap<Element, Extent>): void {
  for (const part of partsOf(list)) {
    const now = part.getBoundingClientRect()
    const was = before.get(part)
    if (!(part instanceof HTMLElement)) continue
    if (was === undefined) {
      if (isInView(now)) start(part, 'opacity', '0')
    } else if (Math.abs(was.top - now.top) >= 1 && (isInView(was) || isInView(now))) {
      start(part, 'transform', `translateY(${was.top - now.top}px)`)
    }
  }
}

/** What is gliding, and how each of it is put where it belongs at once. */
const gliding = new Map<Element, () => void>()

/** Chrome counts a shift if an animation begins in the frame of the change. So that frame has the first state, still. */
function start(part: HTMLElement, property: 'opacity' | 'transform', first: string): void {
  let animation: Animation | undefined
  const unset = () => {
    part.style.removeProperty(property)
    // To ask for it writes it out: Chrome leaves an empty one behind if it is removed before that.
    if (part.getAttribute('style') === '') part.removeAttribute('style')
  }
  const end = () => {
    unset()
    animation?.cancel()
  }
  part.style.setProperty(property, first)
  gliding.set(part, end)
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      if (gliding.get(part) !== end) return
      const last = property === 'opacity' ? '1' : 'none'
      animation = part.animate([{ [property]: first }, { [property]: last }], { duration: glideMs, easing: 'ease-out' })
      unset()
      animation.onfinish = () => {
        if (gliding.get(part) === end) gliding.delete(part)
      }
    }),
  )
}

/** The articles, and what stands below them and moves with them. */
function partsOf(list: Element): Element[] {
  const parts = [...list.children]
  for (let next = list.nextElementSibling; next !== null; next = next.nextElementSibling) parts.push(next)
  return parts
}

function isInView({ top, bottom }: Extent): boolean {
  return bottom > 0 && top < window.innerHeight
}
