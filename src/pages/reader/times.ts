import { type Html, html } from '../html.ts'
import { localeOf } from './locales.ts'
import { listSeparator } from './writing.ts'

/** Formatters are costly to make, and a page has few languages and zones. Past the bound all are made again. */
const formattersMax = 200
/** Null for what this runtime refuses, so that it is asked once. */
const formatters = new Map<string, Intl.DateTimeFormat | null>()

/** Throws a `RangeError` if this runtime does not know the language or the zone. */
function formatter(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${JSON.stringify(options)}`
  let made = formatters.get(key)
  if (made === undefined) {
    if (formatters.size >= formattersMax) formatters.clear()
    made = tried(() => new Intl.DateTimeFormat(language, options))
    formatters.set(key, made)
  }
  if (made === null) throw new RangeError(`this runtime can't format times for ${key}`)
  return made
}

/** What `format` returns, or null if it throws: runtimes know different zones, languages and parts of `Intl`. */
function tried<T>(format: () => T): T | null {
  try {
    return format()
  } catch {
    return null
  }
}

/**
 * Most locales abbreviate only the zones of their own countries and write others as an offset ("GMT-5"). Where the
 * language has no abbreviation, the one that people in the zone use is looked for in these.
 */
const abbreviating = ['en-GB', 'en-US', 'en-AU', 'en-CA', 'en-IN', 'en-NZ', 'en-ZA']
const offsetName = /^(GMT|UTC)\u200e?[+\-\u2212]/
/** Some data write Greenwich's own time in Arabic with an offset, too. */
const noOffset = /[+\-\u2212][0\u0660\u06f0]$/

function zoneAbbreviation(at: Date, language: string, timeZone: string): string {
  let first = ''
  for (const locale of [localeOf(language), ...abbreviating]) {
    const parts = tried(() => formatter(locale, { timeZone, timeZoneName: 'short' }).formatToParts(at))
    const name = (parts?.find((part) => part.type === 'timeZoneName')?.value ?? '').replace(noOffset, '')
    if (name !== '' && !offsetName.test(name)) return name
    first ||= name
  }
  return first === '' ? timeZone : first
}

/** "09:05" or "9:05 PM", as the language has it. Which kind of space stands before "PM" differs between runtimes. */
function clock(at: Date, language: string, timeZone: string | undefined): string {
  const locale = localeOf(language)
  const hour = locale.includes('-hc-h12') ? 'numeric' : '2-digit'
  return formatter(locale, { timeZone, hour, minute: '2-digit' }).format(at).replace(/\s/g, '\u00a0')
}

function day(at: Date, language: string, timeZone: string | undefined): string {
  const options = { timeZone, day: 'numeric', month: 'short', year: 'numeric' } as const
  return formatter(localeOf(language), options).format(at).replace(/\s/g, ' ')
}

/** Where and in which language a time is read. `timeZone` is an IANA name. */
export interface TimeSetting {
  readonly language: string
  readonly timeZone: string
}

/**
 * A time as `<time>`: UTC for machines, the channel's zone with its abbreviation for people. It never throws: a zone or a
 * language that this runtime does not know becomes UTC or English, and what is no time is shown as it is. `data-zoned`
 * tells our times from those in the markup of a post. Each part keeps its direction to itself: digits would else turn with
 * the letters beside them.
 */
export function timeElement(instant: string, setting: TimeSetting, id?: string): Html {
  const name = id === undefined ? '' : html` id="${id}"`
  const { time, zone, date } = shown(instant, setting)
  const zonePart = zone === '' ? '' : html` <bdi>${zone}</bdi>`
  const dayPart = date === '' ? '' : html` <bdi class="day">${date}</bdi>`
  return html`<time${name} datetime="${instant}" data-zoned><span class="clock"><bdi>${time}</bdi>${zonePart}</span>${dayPart}</time>`
}

function shown(instant: string, { language, timeZone }: TimeSetting): { time: string; zone: string; date: string } {
  const at = new Date(instant)
  if (Number.isNaN(at.getTime())) return { time: instant, zone: '', date: '' }
  const settings = [
    { language, timeZone },
    { language: 'en', timeZone },
    { language, timeZone: 'UTC' },
    { language: 'en', timeZone: 'UTC' },
  ]
  for (const known of settings) {
    const one = tried(() => ({
      time: clock(at, known.language, known.timeZone),
      zone: zoneAbbreviation(at, known.language, known.timeZone),
      date: day(at, known.language, known.timeZone),
    }))
    if (one !== null) return one
  }
  const [date = '', time = ''] = at.toISOString().split('T')
  return { time: time.slice(0, 5), zone: 'UTC', date }
}

/**
 * The same time in the reader's own zone, or null if both zones show the same clock. Null too if this runtime can't say:
 * the channel's time is on the page in any case. Without `ownZone` it is the runtime's own.
 */
export function ownTime(instant: string, setting: TimeSetting, ownZone: string | undefined): string | null {
  const at = new Date(instant)
  if (Number.isNaN(at.getTime())) return null
  const { language, timeZone } = setting
  return tried(() => readIn(at, language, timeZone, ownZone)) ?? tried(() => readIn(at, 'en', timeZone, ownZone))
}

function readIn(at: Date, language: string, timeZone: string, ownZone: string | undefined): string | null {
  const own = { time: clock(at, language, ownZone), date: day(at, language, ownZone) }
  const channel = tried(() => ({ time: clock(at, language, timeZone), date: day(at, language, timeZone) }))
  if (channel?.date !== own.date) return `${own.time}${listSeparator(language)}${own.date}`
  return channel.time === own.time ? null : own.time
}
