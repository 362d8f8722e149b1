import { type Html, html, trusted } from '../html.ts'
import type { Words } from './words.ts'

/**
 * The body of a post, sanitised before it was stored, as it stands in the page.
 *
 * - Its headings start one level below the headline. They are h2 to h4 as served, which is right on a post's own page,
 *   whose headline is the h1.
 * - What may be wider than the page scrolls in a box of its own, which the keyboard reaches and a screen reader names.
 */
export function renderBody(markup: string, headlineLevel: 1 | 2, words: Words): Html {
  return trusted(boxed(headlineLevel === 1 ? markup : lowered(markup), words))
}

// The sanitiser writes tags in small letters and escapes "<" and ">" in texts and attributes: what looks like a tag is one.
const heading = /<(\/?)h([2-5])(?=[ >])/g
const wide = /<(table|pre)(?=[ >])|<\/(?:table|pre)>/g

function lowered(markup: string): string {
  return markup.replace(heading, (_tag, slash: string, level: string) => `<${slash}h${Number(level) + 1}`)
}

function boxed(markup: string, words: Words): string {
  let depth = 0
  let unmatched = false
  const inBoxes = markup.replace(wide, (tag, opened: string | undefined) => {
    if (opened !== undefined) return depth++ === 0 ? `${openingOf(opened, words)}${tag}` : tag
    depth--
    if (depth < 0) unmatched = true
    return depth === 0 ? `${tag}</div>` : tag
  })
  // A box without its end would take in what stands behind the body.
  return depth === 0 && !unmatched ? inBoxes : markup
}

function openingOf(name: string, words: Words): string {
  const label = name === 'table' ? words.table : words.preformatted
  return html`<div class="scroll" role="group" aria-label="${label}" tabindex="0">`.toString()
}
