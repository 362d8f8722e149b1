import { Marked } from 'marked'
import { invalid } from '../errors.ts'
import { limits } from '../wire/limits.ts'
import type { Body, BodyInput } from '../wire/post.ts'
import { sanitise, toText } from './markup.ts'
import { within } from './within.ts'

/**
 * Longest that Markdown of one post may take. Prose of the largest size takes some 40 ms; some runs of delimiters make
 * the parser try every pairing, for minutes.
 */
const renderMsMax = 500

const markdown = new Marked({ gfm: true, async: false })

/** Control characters have no place in a text, and a NUL is read differently by different parsers. */
const controls = /[^\P{Cc}\t\n\r]/gu
/** Letters, digits, marks and signs: what a reader can see. Spaces and invisible format characters are not. */
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u

/**
 * Makes a body as served out of one as sent. A body in which nothing can be seen becomes the empty body. Throws
 * `invalid` where its HTML is larger than a stored body may be, or the Markdown can't be read in bounded time.
 */
export function renderBody(input: BodyInput): Body {
  const html = sanitise(toHtml(input)).trim()
  const text = toText(html)
  if (!visible.test(text)) return { html: '', text: '' }
  if (html.length > limits.bodyCharsMax) {
    throw invalid([
      {
        path: `body.body.${kindOf(input)}`,
        message: `must give at most ${limits.bodyCharsMax} characters of HTML; this gives ${html.length}`,
      },
    ])
  }
  return { html, text }
}

function toHtml(input: BodyInput): string {
  if ('markdown' in input) return markdownToHtml(clean(input.markdown))
  if ('html' in input) return clean(input.html)
  return textToHtml(clean(input.text))
}

function clean(text: string): string {
  return text.toWellFormed().replaceAll(controls, '')
}

function markdownToHtml(text: string): string {
  try {
    const rendered = within(renderMsMax, () => markdown.parse(text, { async: false }))
    if (rendered.kind === 'done') return rendered.value
  } catch (error) {
    // marked recurses with the nesting; all else that it throws is a fault of ours.
    if (!(error instanceof RangeError)) throw error
  }
  throw invalid([{ path: 'body.body.markdown', message: 'is nested too deeply to be read as Markdown; simplify it' }])
}

/** Blank lines part paragraphs, other line ends are kept as they are. */
function textToHtml(text: string): string {
  const paragraphs = text.replaceAll(/\r\n?/g, '\n').split(/\n[^\S\n]*(?:\n[^\S\n]*)+/)
  return paragraphs
    .filter((paragraph) => paragraph.trim() !== '')
    .map((paragraph) => `<p>${escapeHtml(paragraph.trim()).replaceAll('\n', '<br />')}</p>`)
    .join('\n')
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function kindOf(input: BodyInput): string {
  return Object.keys(input).join('')
}
