import { type Html, html } from '../html.ts'

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
const offsetName = /^(GMT|UTC)[+\-\u2212]/

function zoneAbbreviation(at: Date, language: string, timeZone: string): string {
  let first = ''
  for (const locale of [language, ...abbreviating]) {
    const parts = tried(() => formatter(locale, { timeZone, timeZoneName: 'short' }).formatToParts(at))
    const name = parts?.find((part) => part.type === 'timeZoneName')?.value ?? ''
    if (name !== '' && !offsetName.test(name)) return name
    first ||= name
  }
  return first === '' ? timeZone : first
}

/** Plain "en" means the day before the month, as most of the world that reads English has it. */
function dateLocale(language: string): string {
  return language === 'en' ? 'en-GB' : language
}

function clock(at: Date, language: string, timeZone: string | undefined): string {
  return formatter(dateLocale(language), {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at)
}

function day(at: Date, language: string, timeZone: string | undefined): string {
  return formatter(dateLocale(language), { timeZone, day: 'numeric', month: 'short', year: 'numeric' }).format(at)
}

/** Where and in which language a time is read. `timeZone` is an IANA name. */
export interface TimeSetting {
  readonly language: string
  readonly timeZone: string
}

/**
 * A time as `<time>`: UTC for machines, the channel's zone with its abbreviation for people. It never throws: a zone or a
 * language that this runtime does not know becomes UTC or English, and what is no time is shown as it is. `data-zoned`
 * tells our times from those in the markup of a post.
 */
export function timeElement(instant: string, setting: TimeSetting, id?: string): Html {
  const name = id === undefined ? '' : html` id="${id}"`
  const { time, date } = shown(instant, setting)
  const dayPart = date === '' ? '' : html` <span class="day">${date}</span>`
  return html`<time${name} datetime="${instant}" data-zoned><span class="clock">${time}</span>${dayPart}</time>`
}

function shown(instant: string, { language, timeZone }: TimeSetting): { time: string; date: string } {
  const at = new Date(instant)
  if (Number.isNaN(at.getTime())) return { time: instant, date: '' }
  const settings = [
    { language, timeZone },
    { language: 'en', timeZone },
    { language, timeZone: 'UTC' },
    { language: 'en', timeZone: 'UTC' },
  ]
  for (const known of settings) {
    const one = tried(() => ({
      time: `${clock(at, known.language, known.timeZone)} ${zoneAbbreviation(at, known.language, known.timeZone)}`,
      date: day(at, known.language, known.timeZone),
    }))
    if (one !== null) return one
  }
  const [date = '', time = ''] = at.toISOString().split('T')
  return { time: `${time.slice(0, 5)} UTC`, date }
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
  if (channel?.date !== own.date) return `${own.time}, ${own.date}`
  return channel.time === own.time ? null : own.time
}
