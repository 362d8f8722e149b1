import { limits } from '../wire/limits.ts'
import type { FieldError } from '../wire/parse.ts'
import type { Body, BodyInput } from '../wire/post.ts'
import { markdownToHtml } from './markdown.ts'
import { sanitise } from './markup.ts'
import { toText } from './plain-text.ts'

/** Control characters have no place in a text, and a NUL is read differently by different parsers. */
const controls = /[^\P{Cc}\t\n\r]/gu
/** Letters, digits, marks and signs: what a reader can see. Spaces and invisible format characters are not. */
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u

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
  const html = sanitise(source).trim()
  if (html.length > limits.bodyHtmlCharsMax) return tooLong(input, `this gives ${html.length}`)
  const text = toText(html)
  return { kind: 'body', body: visible.test(text) ? { html, text } : { html: '', text: '' } }
}

function tooLong(input: BodyInput, why: string): Rendered {
  const message = `must give at most ${limits.bodyHtmlCharsMax} characters of HTML; ${why}`
  return { kind: 'invalid', error: { path: `body.${Object.keys(input).join('')}`, message } }
}

function toHtml(input: BodyInput): string | null {
  if ('markdown' in input) return markdownToHtml(clean(input.markdown))
  if ('html' in input) return clean(input.html)
  return textToHtml(clean(input.text))
}

function clean(text: string): string {
  return text.toWellFormed().replaceAll(controls, '')
}

/** Blank lines part paragraphs, other line ends are kept as they are. */
function textToHtml(text: string): string {
  const paragraphs: string[][] = [[]]
  for (const line of text.replaceAll(/\r\n?/g, '\n').split('\n')) {
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
