/** Markup that is safe to send: made by `html`, which escapes what is put into it, or by `trusted`. */
export class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

/** What may stand in a template. Nothing is written for null, undefined and false. */
export type Part = Html | string | number | null | undefined | false | readonly Part[]

/**
 * A template whose values are escaped, in text and in quoted attributes alike. Attributes must be quoted; a value must
 * not stand in a tag's name, in an attribute's name, in a script or in a style.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let markup = strings[0] ?? ''
  parts.forEach((part, index) => {
    markup += write(part) + (strings[index + 1] ?? '')
  })
  return new Html(markup)
}

/** Markup that has been made safe elsewhere: the body of a post, sanitised before it was stored. */
export function trusted(markup: string): Html {
  return new Html(markup)
}

/**
 * JSON for a `<script type="application/json">`. No text in it can end the script or open a comment, and no line
 * separator that older parsers of JavaScript refuse is left in it; `JSON.parse` reads it as it is.
 */
export function scriptJson(value: unknown): Html {
  const json = JSON.stringify(value).replace(unsafeInScript, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return new Html(json)
}

const unsafeInScript = /[<>&\u2028\u2029]/g

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function write(part: Part): string {
  if (part === null || part === undefined || part === false) return ''
  if (part instanceof Html) return part.toString()
  if (typeof part === 'string') return part.replace(/[&<>"']/g, (character) => references[character] ?? '')
  if (typeof part === 'number') return String(part)
  return part.map(write).join('')
}
