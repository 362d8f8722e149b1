import type { FeedState } from '../../../client/index.ts'
import type { ChannelStatus } from '../../../wire/channel.ts'
import type { Correction, PublishedPost } from '../../../wire/post.ts'

/**
 * A text for each plural category that the language has (CLDR, `Intl.PluralRules`). `{count}` is where the number goes,
 * in the digits of the language; a category of a single number may name it in a word instead.
 */
export type Counted = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string }

/**
 * Every fixed text that a reader sees, in one language. It is plain data: the server hands the texts of a page to the
 * page's script as JSON.
 */
export interface Texts {
  /** BCP 47, such as `de`. */
  readonly language: string
  readonly site: string
  readonly skip: string
  readonly channels: string
  readonly channelsSummary: string
  readonly noChannels: string
  readonly noPosts: string
  readonly posts: string
  readonly status: Readonly<Record<ChannelStatus, string>>
  readonly connection: Readonly<Record<FeedState | 'paused', string>>
  /** In the place of `connection`, while the server asks for fewer questions. */
  readonly slowed: string
  readonly pinned: string
  readonly breaking: string
  readonly keyEvent: string
  readonly verification: Readonly<Record<NonNullable<PublishedPost['verification']>, string>>
  readonly correction: Readonly<Record<Correction['kind'], string>>
  readonly sensitivity: string
  readonly sensitiveImage: string
  readonly imageCredit: string
  readonly sources: string
  readonly tags: string
  readonly updated: string
  readonly happened: string
  /** Name the boxes in which wide parts of a body scroll. */
  readonly table: string
  readonly preformatted: string
  readonly permalink: string
  readonly by: string
  readonly retracted: string
  readonly retractedAt: string
  readonly retractedReason: string
  readonly older: string
  readonly olderFailed: string
  readonly olderBusy: string
  readonly newest: string
  readonly wholeCoverage: string
  readonly pause: string
  readonly resume: string
  readonly paused: string
  readonly resumed: string
  readonly lost: string
  readonly restored: string
  readonly slowedDown: string
  readonly ended: string
  readonly notFound: string
  readonly notFoundText: string
  readonly failed: string
  readonly failedText: string
  readonly newPosts: Counted
  readonly corrected: Counted
  readonly takenBack: Counted
  /** The button in the place of posts that are not on the page, between posts that are. */
  readonly gap: Counted
  /** `{time}` is where the reader's own time goes. */
  readonly ownTime: string
}
