/**
 * The server and the reader's browser format the same times, and their data differ: in some versions of `Intl` Arabic has
 * digits of its own, in others not. So the server's choice goes with the page, and the browser keeps to it.
 */

/** Past the bound all are resolved again. */
const localesMax = 200
/** By language: a locale with all that may differ, such as `ar-u-ca-gregory-hc-h12-nu-latn`. */
const locales = new Map<string, string>()

export function setLocale(language: string, locale: string): void {
  locales.set(language, locale)
}

/** The locale by which times and numbers of a language are formatted. */
export function localeOf(language: string): string {
  let locale = locales.get(language)
  if (locale === undefined) {
    if (locales.size >= localesMax) locales.clear()
    locale = resolve(language)
    locales.set(language, locale)
  }
  return locale
}

/** A language that this runtime does not know stays as it is: the code that formats by it handles the failure. */
function resolve(language: string): string {
  // Plain "en" means the day before the month and 24 hours, as most of the world that reads English has it.
  const base = language === 'en' ? 'en-GB' : language
  try {
    const { calendar, hourCycle, numberingSystem } = new Intl.DateTimeFormat(base, {
      hour: 'numeric',
    }).resolvedOptions()
    // There are locales in which noon is 0 PM, or midnight 24 o'clock, in some versions of the data.
    const twelve = hourCycle === 'h12' || hourCycle === 'h11'
    return new Intl.Locale(base, { calendar, hourCycle: twelve ? 'h12' : 'h23', numberingSystem }).toString()
  } catch {
    return base
  }
}
