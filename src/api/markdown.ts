import MarkdownIt, { type Token } from 'markdown-it'
import cjkFriendly from 'markdown-it-cjk-friendly'
import { bodyNestingMax } from './markup.ts'

/**
 * Characters of text and addresses that Markdown may come to. Prose stays below a quarter of it; but an address that is
 * defined once can be referred to thousands of times.
 */
const expandedCharsMax = 1_048_576

/** A cell that is written as shortly as can be is two characters, and three tokens. */
const tokensPerChar = 4
/** In so few, cells may be left out. */
const sparseTokens = 1_000

/** CommonMark with the tables, the strikethrough and the bare links of GitHub's Markdown. */
const markdown = new MarkdownIt({ html: true, linkify: true })

// CommonMark finds the ends of emphasis by the spaces about them, which Chinese, Japanese and Korean do without.
markdown.use(cjkFriendly)

// The sanitiser decides which links may stay, so that there is one rule for Markdown and HTML.
markdown.validateLink = () => true

// What the sanitiser would leave without an address is not made a link.
markdown.linkify.add('ftp:', null).add('//', null)
markdown.linkify.add('www.', {
  validate: (text, position, { re }) => {
    const address = re.get_relative_proto_validator()
    address.lastIndex = position
    return address.exec(text)?.[0].length ?? 0
  },
  normalize: (match) => {
    match.url = `http://${match.url}`
  },
})

// The parser leaves out what is nested too deeply. Here it stays as the text of a paragraph, as in the sanitiser.
const [paragraph] = markdown.block.ruler.getRules('').slice(-1)
markdown.block.ruler.before('table', 'too-deep', (state, ...lines) => {
  return state.level >= bodyNestingMax && paragraph !== undefined && paragraph(state, ...lines)
})

// Cells that a row lacks are added to it: a row of two characters may become hundreds. A table of rows that lack most of
// theirs ends, and what is left of it is a paragraph.
markdown.block.ruler.before(
  'table',
  'table-too-sparse',
  (state, line, _end, isTrial) => {
    const tokensMax = sparseTokens + tokensPerChar * (state.bMarks[line] ?? 0)
    return isTrial && state.parentType === 'table' && state.tokens.length > tokensMax
  },
  { alt: ['blockquote'] },
)

markdown.renderer.rules['s_open'] = () => '<del>'
markdown.renderer.rules['s_close'] = () => '</del>'

// Cells are aligned by an attribute, since the sanitiser takes styles away.
for (const cell of ['th_open', 'td_open']) {
  markdown.renderer.rules[cell] = (tokens, i, options, _environment, renderer) => {
    const token = tokens[i]
    if (token === undefined) return ''
    const align = String(token.attrGet('style') ?? '').replace('text-align:', '')
    token.attrs = align === '' ? null : [['align', align]]
    return renderer.renderToken(tokens, i, options)
  }
}

/**
 * HTML of Markdown, not yet sanitised; null if its references repeat themselves past the bound. The parser takes time in
 * proportion to the text, whatever is in it.
 */
export function markdownToHtml(text: string): string | null {
  const environment = {}
  const tokens = markdown.parse(text, environment)
  if (charsOf(tokens) > expandedCharsMax) return null
  return markdown.renderer.render(tokens, markdown.options, environment)
}

/** Counted before the HTML is made: here a repeated address is one string in memory, there it is a copy for each link. */
function charsOf(tokens: readonly Token[]): number {
  let chars = 0
  for (const { content, attrs, children } of tokens) {
    chars += children === null ? content.length : charsOf(children)
    for (const [, value] of attrs ?? []) chars += String(value).length
  }
  return chars
}
