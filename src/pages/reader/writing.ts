/** What follows from the script that a language is written in, by Unicode's data in `Intl`. */

const rightToLeft: readonly string[] = ['Arab', 'Hebr', 'Syrc', 'Thaa', 'Nkoo', 'Samr', 'Mand', 'Adlm', 'Rohg']
const separators: Readonly<Record<string, string>> = { Arab: '، ', Thaa: '، ', Jpan: '、', Hans: '、', Hant: '、' }
/** Letters that are written from right to left: Hebrew to Arabic, their forms for compatibility, and what came later. */
const rightToLeftLetters = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/** Past the bound all are asked for again. */
const scriptsMax = 200
const scripts = new Map<string, string>()

/** Such as `Arab`; Latin for what this runtime does not know. */
function scriptOf(language: string): string {
  let script = scripts.get(language)
  if (script === undefined) {
    if (scripts.size >= scriptsMax) scripts.clear()
    script = likelyScript(language)
    scripts.set(language, script)
  }
  return script
}

function likelyScript(language: string): string {
  try {
    return new Intl.Locale(language).maximize().script ?? 'Latn'
  } catch {
    return 'Latn'
  }
}

type Direction = 'ltr' | 'rtl'

export function directionOf(language: string): Direction {
  return rightToLeft.includes(scriptOf(language)) ? 'rtl' : 'ltr'
}

/**
 * The direction of a text in a page of the language. A browser goes by the first letter alone (`auto`); but an Arabic
 * headline that begins with "FBI" is an Arabic headline.
 */
export function textDirection(text: string, language: string): 'auto' | 'rtl' {
  return directionOf(language) === 'rtl' && rightToLeftLetters.test(text) ? 'rtl' : 'auto'
}

/** What stands between the items of a list that has no "and". */
export function listSeparator(language: string): string {
  return separators[scriptOf(language)] ?? ', '
}
