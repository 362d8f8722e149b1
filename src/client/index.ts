/** The client library of Wirecopy: follows a channel from a browser or from Node, and keeps its posts up to date. */
export type { Batch, Change, Page, Snapshot } from '../wire/batch.ts'
export type { Channel } from '../wire/channel.ts'
export type { ResetReason } from '../wire/events.ts'
export type { Post, PublishedPost, RetractedPost } from '../wire/post.ts'
export type { Problem } from '../wire/problem.ts'
export type { Cursor } from '../wire/scalars.ts'
export { FeedError } from './failure.ts'
export {
  type ApplyOutcome,
  addPage,
  applyBatch,
  cursorOf,
  type FoldState,
  foldOf,
  readingOrder,
  startFrom,
} from './fold.ts'
export { type Feed, type FollowOptions, follow } from './follow.ts'
export type { FeedState } from './machine-state.ts'
export type { TextStorage } from './memory.ts'
export { type Timing, timingDefaults } from './timing.ts'
export { allTransports, type Transport, type TransportAlias } from './transports.ts'
