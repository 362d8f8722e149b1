import { Parser } from 'htmlparser2'

/** A line of the text ends with each of these. */
const blocks = new Set('p div h2 h3 h4 blockquote pre li dt dd caption tr table ul ol dl br hr'.split(' '))
const cells = new Set(['th', 'td'])
/** Spaces of which HTML shows one; a no-break space is text. */
const spaces = /[^\S\u00a0]+/g

/** Plain text of sanitised HTML: a line for each block, a tab between cells. */
export function toText(html: string): string {
  const lines: string[] = []
  let line = ''
  /** What stands between `line` and the next word: nothing, a space, or tabs. */
  let gap = ''
  let preformatted = 0
  let cellEnded = false

  function endLine(): void {
    const trimmed = trimSpaces(line)
    if (trimmed !== '') lines.push(trimmed)
    line = ''
    gap = ''
  }

  function addWords(text: string): void {
    const words = text.replaceAll(spaces, ' ')
    if (words.startsWith(' ') && gap === '') gap = ' '
    const trimmed = trimSpaces(words)
    if (trimmed === '') return
    line += gap + trimmed
    gap = words.endsWith(' ') ? ' ' : ''
    cellEnded = false
  }

  function addPreformatted(text: string): void {
    const [first = '', ...more] = text.split('\n')
    line += gap + first
    gap = ''
    for (const next of more) {
      endLine()
      line = next
    }
  }

  const parser = new Parser({
    onopentag: (name) => {
      if (name === 'pre') preformatted++
      if (cells.has(name) && cellEnded) gap = gap === ' ' ? '\t' : `${gap}\t`
      cellEnded = false
    },
    ontext: (text) => (preformatted > 0 ? addPreformatted(text) : addWords(text)),
    onclosetag: (name) => {
      if (name === 'pre') preformatted--
      if (blocks.has(name)) endLine()
      cellEnded = cells.has(name)
    },
  })
  parser.end(html)
  endLine()
  return lines.join('\n').trim()
}

/** A pattern for spaces at the end would begin again at each of them. */
function trimSpaces(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text[start] === ' ') start++
  while (end > start && text[end - 1] === ' ') end--
  return text.slice(start, end)
}
