import { attempt } from './attempt.ts'

/** Makes a change, and puts the focus back to where it was, or as near as possible, so that it never falls to the page. */
export function keepFocus(list: Element, change: () => void): void {
  const focused = document.activeElement
  const article = focused === null ? null : articleOf(list, focused)
  const next = article?.nextElementSibling ?? null
  const previous = article?.previousElementSibling ?? null
  change()
  if (!(focused instanceof HTMLElement) || article === null || document.activeElement === focused) return
  attempt('the focus', () => {
    // What is taken elsewhere loses the focus on its way.
    if (focused.isConnected) focused.focus({ preventScroll: true })
    else for (const near of [article, next, previous]) if (near?.isConnected && focusIn(near)) return
  })
}

function articleOf(list: Element, inside: Element): Element | null {
  for (let element: Element | null = inside; element !== null; element = element.parentElement) {
    if (element.parentElement === list) return element
  }
  return null
}

function focusIn(article: Element): boolean {
  const target = article.querySelector<HTMLElement>('.headline a, .permalink, button') ?? article
  if (!(target instanceof HTMLElement)) return false
  if (target === article) target.tabIndex = -1
  target.focus({ preventScroll: true })
  return true
}
