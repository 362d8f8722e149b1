import { z } from 'zod'
import { closeBidi } from './bidi.ts'
import { cursorPattern } from './cursor.ts'
import { limits } from './limits.ts'
import { cleanText, isVisible, trimmedText } from './text.ts'

/** A channel's id: a slug that people choose, and read in URLs. */
export const ChannelId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be a slug: 1 to 64 of a-z, 0-9 and "-", not starting with "-"')
  .brand<'ChannelId'>()
  .meta({ examples: ['harbour-fire'] })
export type ChannelId = z.infer<typeof ChannelId>

/** A post's id: made by the server, opaque to everyone else. */
export const PostId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,40}$/, 'must be a post id as the server gave it')
  .brand<'PostId'>()
  .meta({ examples: ['bq3Xk9TfQmW2vR7a'] })
export type PostId = z.infer<typeof PostId>

/** A position in a channel's log: 1, 2, 3 …, dense; 0 is before the first change. */
export const Offset = z
  .int()
  .min(0)
  .brand<'Offset'>()
  .meta({ examples: [42] })
export type Offset = z.infer<typeof Offset>

/** The random word that a log was born with; a log that was lost and born again has another. */
export const Epoch = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,32}$/)
  .brand<'Epoch'>()
  .meta({ examples: ['k3v9Qd1c'] })
export type Epoch = z.infer<typeof Epoch>

/** `"<epoch>:<offset>"`: whoever holds it has seen every change up to the offset. */
export const Cursor = z
  .string()
  .max(limits.cursorCharsMax)
  .regex(cursorPattern, 'must be a cursor as the server gave it: "<epoch>:<offset>"')
  .brand<'Cursor'>()
  .meta({ examples: ['k3v9Qd1c:42'] })
export type Cursor = z.infer<typeof Cursor>

/** Where the next page of posts begins: a page's `older`, opaque to clients. */
export const PageToken = z
  .string()
  .regex(/^[1-9][0-9]{0,15}$/, 'must be the `older` of a page, as the server gave it')
  .brand<'PageToken'>()
  .meta({ examples: ['31'] })
export type PageToken = z.infer<typeof PageToken>

/** RFC 3339 in UTC with milliseconds, as every time on the wire is. */
export const Instant = z.iso.datetime({ precision: 3 }).meta({ examples: ['2026-03-01T21:04:05.123Z'] })
export type Instant = z.infer<typeof Instant>

/** A time as a client may send it: any RFC 3339 offset; kept in UTC. */
export const InstantInput = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time, such as 2026-03-01T21:04:05Z' })
  .refine(hasFourDigitYear, 'must be in one of the years 1 to 9999 in UTC')
  .meta({ examples: ['2026-03-01T21:04:05Z'] })
  .transform((text) => new Date(text).toISOString())

/** RFC 3339 has no other years, and many languages can't read the year 0 either. */
function hasFourDigitYear(text: string): boolean {
  const year = new Date(text).getUTCFullYear()
  return year >= 1 && year <= 9_999
}

/** An absolute http or https URL; other schemes (javascript:, data:) are refused. */
export const WebUrl = z
  .url({ protocol: /^https?$/, error: 'must be an absolute http or https URL' })
  .max(limits.urlCharsMax)
  .refine(isCleanUrl, 'must be without control characters, noncharacters and characters that turn the direction')
  .meta({ pattern: '^[Hh][Tt][Tt][Pp][Ss]?:', examples: ['https://news.example/harbour'] })

/** RFC 3987, 4.1 has no bidi control in an address. To take one out would change where the address leads. */
function isCleanUrl(url: string): boolean {
  return cleanText(url) === url && !/\p{Bidi_Control}/u.test(url)
}

const notBlank = 'must not be empty'

/**
 * Text of a field: cleaned rather than refused, since what is taken out can't be seen by those who sent it. The rule is
 * code, and not a pattern: generators of clients can't read patterns with Unicode properties.
 */
const text = (charsMax: number) =>
  // What is too long is not looked at any further. What is closed may be too long by that.
  z.string().overwrite(trimmedText).max(charsMax, { abort: true }).overwrite(closeBidi).max(charsMax)

/** Text that may have several lines and is not blank. */
export const prose = (charsMax: number) =>
  text(charsMax).min(1, { error: notBlank, abort: true }).refine(isVisible, notBlank)

/** Text that may have several lines, and may be blank. */
export const proseOrNone = text

/** Text on one line that is not blank. */
export const line = (charsMax: number) => prose(charsMax).refine(isOneLine, 'must be one line, without tabs')

function isOneLine(text: string): boolean {
  return !/[\t\n]/.test(text)
}
