/** What publishers and followers write down. The judge needs nothing else. Times are of one process's `performance.now()`. */

/** A write that was answered with 2xx. */
export interface Acknowledged {
  /** The post's number among all posts of the run; its marker words hold it. */
  readonly post: number
  readonly deed: Deed
  /** The marker word that the write put into the post; empty where it wrote no text. */
  readonly marker: string
  readonly id: string
  readonly version: number
  readonly epoch: string
  readonly offset: number
  readonly askedMs: number
  readonly ackedMs: number
}

export type Deed = 'publish' | 'edit' | 'pin' | 'unpin' | 'retract'

export interface Writes {
  readonly acknowledged: readonly Acknowledged[]
  /** Writes whose last answer was never had: each may be there, or not. */
  readonly unknown: number
}

/** A post as a delivery showed it. */
export interface Seen {
  /** Of the change; in a snapshot, the post's own. */
  readonly offset: number
  readonly id: string
  readonly version: number
}

/** A batch or a snapshot, without its bodies. In a snapshot, `from` and `to` are both the offset of its cursor. */
export interface Delivery {
  readonly kind: 'batch' | 'snapshot'
  readonly epoch: string
  readonly from: number
  readonly to: number
  readonly seen: readonly Seen[]
  /** The numbers of the posts of whose text anything was in it. */
  readonly texts: readonly number[]
}

export interface Given {
  readonly delivery: Delivery
  /** When it was asked for; null where the server pushed it. */
  readonly askedMs: number | null
}

export interface FollowerRecord {
  readonly name: string
  readonly given: readonly Given[]
}

export interface FinalPost {
  readonly version: number
  readonly retracted: boolean
  readonly pinned: boolean
  readonly markers: readonly string[]
}

/** What the API says once the writing has ended. */
export interface Final {
  readonly epoch: string
  readonly offset: number
  readonly posts: ReadonlyMap<string, FinalPost>
  /** The numbers of the posts of whose text anything was in any public answer: snapshot, pages, changes, reader's page. */
  readonly texts: ReadonlySet<number>
}
