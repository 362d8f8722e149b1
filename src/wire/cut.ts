const ellipsis = '…'
let segmenter: Intl.Segmenter | undefined

/**
 * The start of a text: at most so many UTF-16 code units, the ellipsis included. What readers take for one character,
 * such as an emoji of several code points, stays whole or is left out.
 */
export function cutText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  return text.slice(0, boundaryUpTo(text, charsMax - ellipsis.length)).trimEnd() + ellipsis
}

/** The last place at or before the index at which a grapheme begins. */
function boundaryUpTo(text: string, index: number): number {
  // Older browsers lack the segmenter; there code points stay whole.
  if (!('Segmenter' in Intl)) return isSecondHalf(text, index) ? index - 1 : index
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  // Whether a grapheme begins at the index depends on what stands before it, and on the code point there.
  return segmenter.segment(text.slice(0, index + 2)).containing(index)?.index ?? index
}

/** Whether the index lies within a surrogate pair. */
function isSecondHalf(text: string, index: number): boolean {
  return index > 0 && (text.codePointAt(index - 1) ?? 0) > 0xffff
}
