import type { Snapshot } from '../../wire/batch.ts'

export const embeddedId = 'wirecopy'

/** Where the page has its fixed texts, if they are not those in English, which the script has itself. */
export const textsId = 'texts'

/**
 * What the server hands to the script of the page. `newest` is the reader page, whose list is that of the feed; `part`
 * is a page of other posts (older ones, or a single one): it takes edits and retractions, and its snapshot has no posts.
 */
export interface Embedded {
  readonly view: 'newest' | 'part'
  readonly snapshot: Snapshot
}
