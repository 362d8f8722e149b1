/** Line ends of other systems. XML takes a carriage return for a line feed, and forbids the others that are listed. */
const lineEnds = /\r\n?|[\v\f\u0085]/g
/** Control characters except tab and line feed, and noncharacters. Strict readers of XML or UTF-8 refuse most of them. */
const forbidden = /[^\P{Cc}\t\n]|\p{Noncharacter_Code_Point}/gu
/** Letters, digits, marks and signs: what a reader can see. Spaces and invisible format characters are not. */
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u

/**
 * Text that every strict reader takes: well-formed Unicode in which line feed ends a line, without control characters
 * and noncharacters. A lone surrogate becomes U+FFFD, so that a reader sees that something was cut there.
 */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll(lineEnds, '\n').replaceAll(forbidden, '')
}

export function trimmedText(text: string): string {
  return cleanText(text).trim()
}

export function isVisible(text: string): boolean {
  return visible.test(text)
}
