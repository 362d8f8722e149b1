import { z } from 'zod'
import { limits } from './limits.ts'
import { ChannelId, Instant, InstantInput, line, prose, WebUrl } from './scalars.ts'

export const ChannelStatus = z.enum(['scheduled', 'live', 'ended']).meta({ id: 'ChannelStatus' })
export type ChannelStatus = z.infer<typeof ChannelStatus>

/** A language tag that `Intl` knows, in its canonical form (BCP 47, RFC 5646). */
const Language = z
  .string()
  .max(35)
  .refine(isLanguage, 'must be a BCP 47 language tag, such as "en" or "pt-BR"')
  .describe('A BCP 47 language tag in its canonical form, such as `en` or `pt-BR`.')
  .meta({ examples: ['en'] })

/** An IANA time zone that `Intl` knows. */
const TimeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be an IANA time zone, such as "Europe/London"')
  .describe('An IANA time zone, such as `Europe/London`.')
  .meta({ examples: ['Europe/London'] })

/** One live coverage. */
export const Channel = z
  .object({
    id: ChannelId,
    title: z.string().meta({ examples: ['Fire at the old harbour'] }),
    summary: z.string().optional(),
    language: Language,
    timeZone: TimeZone,
    status: ChannelStatus,
    coverageStart: Instant.optional(),
    coverageEnd: Instant.optional(),
    url: WebUrl,
  })
  .meta({ id: 'Channel' })
export type Channel = z.infer<typeof Channel>

/** What creates a channel. `coverageStart` is set to now where the channel starts live and none is given. */
export const NewChannel = z
  .strictObject({
    id: ChannelId,
    title: line(limits.titleCharsMax).meta({ examples: ['Fire at the old harbour'] }),
    summary: prose(limits.summaryCharsMax).optional(),
    language: Language.default('en'),
    timeZone: TimeZone.default('UTC'),
    status: ChannelStatus.default('live'),
    coverageStart: InstantInput.optional(),
    coverageEnd: InstantInput.describe('Not before `coverageStart`.').optional(),
  })
  .meta({
    id: 'NewChannel',
    examples: [{ id: 'harbour-fire', title: 'Fire at the old harbour', timeZone: 'Europe/London' }],
  })
export type NewChannel = z.infer<typeof NewChannel>

/** What edits a channel: the fields given are replaced, `null` clears one (RFC 7396). */
export const ChannelEdit = z
  .strictObject({
    title: line(limits.titleCharsMax).optional(),
    summary: prose(limits.summaryCharsMax).nullable().optional(),
    language: Language.optional(),
    timeZone: TimeZone.optional(),
    status: ChannelStatus.optional(),
    coverageStart: InstantInput.nullable().optional(),
    coverageEnd: InstantInput.nullable().optional(),
  })
  .refine((edit) => Object.keys(edit).length > 0, 'must name at least one field to change')
  .meta({ id: 'ChannelEdit', minProperties: 1, examples: [{ status: 'ended' }] })
export type ChannelEdit = z.infer<typeof ChannelEdit>

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag)[0] === tag
  } catch {
    return false
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
