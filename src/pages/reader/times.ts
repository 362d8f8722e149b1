import { type Html, html } from '../html.ts'

/** Formatters are costly to make, and a page has few languages and zones. Past the bound all are made anew. */
const formattersMax = 200
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${JSON.stringify(options)}`
  const known = formatters.get(key)
  if (known !== undefined) return known
  if (formatters.size >= formattersMax) formatters.clear()
  const made = new Intl.DateTimeFormat(language, options)
  formatters.set(key, made)
  return made
}

/**
 * Most locales abbreviate only the zones of their own countries and write others as an offset ("GMT-5"). Where the
 * language has no abbreviation, the one that people in the zone use is looked for in these.
 */
const abbreviating = ['en-GB', 'en-US', 'en-AU', 'en-CA', 'en-IN', 'en-NZ', 'en-ZA']
const offsetName = /^(GMT|UTC)[+\-\u2212]/

function zoneAbbreviation(at: Date, language: string, timeZone: string): string {
  let first = ''
  for (const locale of [language, ...abbreviating]) {
    const parts = formatter(locale, { timeZone, timeZoneName: 'short' }).formatToParts(at)
    const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? ''
    if (name !== '' && !offsetName.test(name)) return name
    first ||= name
  }
  return first
}

/** Plain "en" means the day before the month, as most of the world that reads English has it. */
function dateLocale(language: string): string {
  return language === 'en' ? 'en-GB' : language
}

function clock(at: Date, language: string, timeZone: string): string {
  return formatter(dateLocale(language), {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at)
}

function day(at: Date, language: string, timeZone: string): string {
  return formatter(dateLocale(language), { timeZone, day: 'numeric', month: 'short', year: 'numeric' }).format(at)
}

/** Where and in which language a time is read. `timeZone` is an IANA name. */
export interface TimeSetting {
  readonly language: string
  readonly timeZone: string
}

/** A time as `<time>`: UTC for machines, the channel's zone with its abbreviation for people. */
export function timeElement(instant: string, { language, timeZone }: TimeSetting, id?: string): Html {
  const at = new Date(instant)
  const name = id === undefined ? '' : html` id="${id}"`
  return html`<time${name} datetime="${instant}"><span class="clock">${clock(at, language, timeZone)} ${zoneAbbreviation(
    at,
    language,
    timeZone,
  )}</span> <span class="day">${day(at, language, timeZone)}</span></time>`
}

/** The same time in the reader's own zone, or null where both zones show the same clock. */
export function ownTime(instant: string, { language, timeZone }: TimeSetting, ownZone: string): string | null {
  const at = new Date(instant)
  const own = clock(at, language, ownZone)
  const sameDay = day(at, language, ownZone) === day(at, language, timeZone)
  if (own === clock(at, language, timeZone) && sameDay) return null
  return sameDay ? own : `${own}, ${day(at, language, ownZone)}`
}
