import { closeBidi } from '../wire/bidi.ts'
import { limits } from '../wire/limits.ts'
import type { FieldError } from '../wire/parse.ts'
import type { Body, BodyInput } from '../wire/post.ts'
import { cleanText, isVisible } from '../wire/text.ts'
import { markdownToHtml } from './markdown.ts'
import { sanitise } from './markup.ts'
import { toText } from './plain-text.ts'

export type Rendered =
  | { readonly kind: 'body'; readonly body: Body }
  /** The path is from the post, such as `body.markdown`. */
  | { readonly kind: 'invalid'; readonly error: FieldError }

/**
 * Makes a body as served out of one as sent. The answer depends on the input alone: there is no clock in it. A body in
 * which nothing can be seen becomes the empty body; one whose HTML is larger than a stored body may be is invalid.
 */
export function renderBody(input: BodyInput): Rendered {
  const source = toHtml(input)
  if (source === null) return tooLong(input, 'links in it repeat more than that')
  // Cleaned again: a reference such as &#xFFFF; has become the character that it names.
  const html = cleanText(sanitise(source)).trim()
  if (html.length > limits.bodyHtmlCharsMax) return tooLong(input, `this gives ${html.length}`)
  const text = closeBidi(toText(html))
  return { kind: 'body', body: isVisible(text) ? { html, text } : { html: '', text: '' } }
}

function tooLong(input: BodyInput, why: string): Rendered {
  const message = `must give at most ${limits.bodyHtmlCharsMax} characters of HTML; ${why}`
  return { kind: 'invalid', error: { path: `body.${Object.keys(input).join('')}`, message } }
}

function toHtml(input: BodyInput): string | null {
  if ('markdown' in input) return markdownToHtml(cleanText(input.markdown))
  if ('html' in input) return cleanText(input.html)
  return textToHtml(cleanText(input.text))
}

/** Blank lines part paragraphs, other line ends are kept as they are. The text is clean. */
function textToHtml(text: string): string {
  const paragraphs: string[][] = [[]]
  for (const line of text.split('\n')) {
    if (line.trim() === '') paragraphs.push([])
    else paragraphs.at(-1)?.push(line)
  }
  return paragraphs
    .filter((lines) => lines.length > 0)
    .map((lines) => `<p>${escapeHtml(lines.join('\n').trim()).replaceAll('\n', '<br />')}</p>`)
    .join('\n')
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
