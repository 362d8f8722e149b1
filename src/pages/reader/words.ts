import type { FeedState } from '../../client/index.ts'
import type { ChannelStatus } from '../../wire/channel.ts'
import type { Correction, PublishedPost } from '../../wire/post.ts'

/** Every fixed text that a reader sees. Other languages are other objects of this type. */
export interface Words {
  readonly site: string
  readonly skip: string
  readonly channels: string
  readonly channelsSummary: string
  readonly noChannels: string
  readonly noPosts: string
  readonly posts: string
  readonly status: Readonly<Record<ChannelStatus, string>>
  readonly connection: Readonly<Record<FeedState, string>>
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
  newPosts(count: number): string
  ownTime(time: string): string
}

const english: Words = {
  site: 'Wirecopy',
  skip: 'Skip to the posts',
  channels: 'Live coverage',
  channelsSummary: 'All coverage on this site, as it is published.',
  noChannels: 'There is no coverage yet.',
  noPosts: 'Nothing has been published here yet.',
  posts: 'Posts',
  status: { scheduled: 'Starts soon', live: 'Live', ended: 'Ended' },
  connection: {
    connecting: 'Connecting',
    'catching-up': 'Catching up',
    live: 'Live updates',
    behind: 'Catching up',
    offline: 'No connection',
    ended: 'Coverage has ended',
    closed: 'No updates',
  },
  slowed: 'Slower updates',
  pinned: 'Pinned',
  breaking: 'Breaking',
  keyEvent: 'Key event',
  verification: { unconfirmed: 'Not confirmed', confirmed: 'Confirmed', disputed: 'Disputed' },
  correction: {
    correction: 'Correction',
    clarification: 'Clarification',
    update: 'Update',
    'editors-note': 'Editors’ note',
  },
  sensitivity: 'Please note',
  sensitiveImage: 'Sensitive picture. Show it',
  imageCredit: 'Picture:',
  sources: 'Sources:',
  tags: 'Tags',
  updated: 'Updated',
  happened: 'Happened',
  permalink: 'Link to this post',
  by: 'By',
  retracted: 'This post was retracted',
  retractedAt: 'Retracted',
  retractedReason: 'Reason:',
  older: 'Older posts',
  olderFailed: 'Older posts could not be loaded. Try again',
  olderBusy: 'Many people are reading here. Try older posts again in a minute',
  newest: 'Back to the newest posts',
  wholeCoverage: 'The whole coverage',
  pause: 'Pause',
  resume: 'Resume',
  paused: 'New posts are paused',
  resumed: 'New posts are shown again',
  lost: 'Connection lost, trying again',
  restored: 'Connected again',
  slowedDown: 'Many people are reading from your network, so new posts come more slowly',
  ended: 'This coverage has ended',
  notFound: 'There is nothing at this address',
  notFoundText: 'The coverage or post may have moved, or the address may be mistyped.',
  failed: 'This page could not be made',
  failedText: 'Something went wrong here. Please try again in a moment.',
  newPosts: (count) => (count === 1 ? '1 new post' : `${count} new posts`),
  ownTime: (time) => `${time} your time`,
}

/** The fixed texts for a channel's language (BCP 47). English is all there is so far. */
export function wordsFor(_language: string): Words {
  return english
}
