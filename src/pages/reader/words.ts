import { html, type Part } from '../html.ts'
import { localeOf } from './locales.ts'
import { english } from './words/english.ts'
import type { Counted, Texts } from './words/texts.ts'
import { directionOf } from './writing.ts'

/** The fixed texts that a reader sees; those with a number in them are functions. */
export interface Words extends Omit<Texts, 'newPosts' | 'corrected' | 'takenBack' | 'gap'> {
  /** Whether they are in another language than the one that they were asked for in. */
  readonly foreign: boolean
  readonly newPosts: (count: number) => string
  readonly corrected: (count: number) => string
  readonly takenBack: (count: number) => string
  readonly gap: (count: number) => string
  /** Several of these texts as one line, which a screen reader reads with a pause between them. */
  readonly joined: (texts: readonly string[]) => string
}

/**
 * By language. The browser's bundle has English alone; the texts of other languages are added on the server by
 * `languages.ts`, and in the browser by the page.
 */
const known = new Map<string, Texts>([[english.language, english]])
/** Made once for each tag that is asked for. Past the bound all are made again. */
const wordsMax = 200
const made = new Map<string, Words>()

/** Adds a language. */
export function knowTexts(texts: Texts): void {
  known.set(texts.language.toLowerCase(), texts)
  made.clear()
}

/** The texts for a language tag (BCP 47): of the language itself, of the one that it is a form of, or else in English. */
export function textsFor(tag: string): Texts {
  // RFC 4647, 3.4: a tag loses its last part until there is something for it.
  const parts = tag.toLowerCase().split('-')
  for (; parts.length > 0; parts.pop()) {
    const texts = known.get(parts.join('-'))
    if (texts !== undefined) return texts
  }
  return english
}

/** The words for a language tag. Numbers are in the digits of the tag itself: `ar-EG` and `ar-MA` have different ones. */
export function wordsFor(tag: string): Words {
  let words = made.get(tag)
  if (words === undefined) {
    if (made.size >= wordsMax) made.clear()
    words = wordsOf(textsFor(tag), tag)
    made.set(tag, words)
  }
  return words
}

function wordsOf(texts: Texts, tag: string): Words {
  const foreign = !`${tag.toLowerCase()}-`.startsWith(`${texts.language.toLowerCase()}-`)
  const numbers = foreign ? texts.language : tag
  const counted = (forms: Counted) => (count: number) => {
    return (forms[categoryOf(count, texts.language)] ?? forms.other).replace('{count}', () => digits(count, numbers))
  }
  return {
    ...texts,
    foreign,
    newPosts: counted(texts.newPosts),
    corrected: counted(texts.corrected),
    takenBack: counted(texts.takenBack),
    gap: counted(texts.gap),
    joined: (several) => several.join('. '),
  }
}

/** Without plural rules for the language, a text for many is used for all but one: it is understood. */
function categoryOf(count: number, language: string): Intl.LDMLPluralRule {
  try {
    return new Intl.PluralRules(language).select(count)
  } catch {
    return count === 1 ? 'one' : 'other'
  }
}

function digits(count: number, tag: string): string {
  try {
    return new Intl.NumberFormat(localeOf(tag)).format(count)
  } catch {
    return String(count)
  }
}

/** A fixed text in a page; in a page of another language it says so, and keeps its direction to itself. */
export function fixedText(text: string, words: Words): Part {
  return words.foreign ? html`<bdi lang="${words.language}">${text}</bdi>` : text
}

/** Attributes for an element in which there are only fixed texts. */
export function fixedLanguage(words: Words): Part {
  return words.foreign && html` lang="${words.language}" dir="${directionOf(words.language)}"`
}
