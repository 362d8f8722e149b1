import { type Counts, Findings } from './findings.ts'
import { judgeFollower } from './judge-follower.ts'
import type { Acknowledged, Final, FollowerRecord, Writes } from './record.ts'
import { Retractions } from './retractions.ts'

export interface Verdict extends Counts {
  readonly acknowledged: number
  readonly unknown: number
  /** Changes that followers were given, each of which was looked at. */
  readonly deliveries: number
  /** Followers that asked by a cursor, and were told to start over. */
  readonly startedOver: number
  /** Those of them whose cursor the log could have served. */
  readonly startedOverInVain: number
  /** Acknowledged writes that went with a log that was lost, or with its end. Their followers must have been told. */
  readonly gone: number
  /** Some of what was found, in words. */
  readonly notes: readonly string[]
}

/** What may be expected of the logs that there were. */
export interface Standing {
  /** Changes that a log keeps. */
  readonly kept: number
  /** Changes of earlier logs up to this offset are in the last one. Where it is left out, the last one was born empty. */
  readonly standsTo?: number | undefined
}

/** Compares what was acknowledged with what the API says at the end, and with what each follower was given. */
export function judge(
  writes: Writes,
  followers: readonly FollowerRecord[],
  final: Final,
  { kept, standsTo = 0 }: Standing,
): Verdict {
  const findings = new Findings()
  const { acknowledged, unknown } = writes
  // Of what is gone, nothing can be there any more; that its followers were told so is judged below.
  const standing = acknowledged.filter(({ epoch, offset }) => epoch === final.epoch || offset <= standsTo)
  judgeFinal(standing, unknown, final, findings)
  const retractions = new Retractions(acknowledged, new Set(standing), final.epoch)
  for (const post of final.texts) {
    if (retractions.stands(post)) findings.add('leaked', `a public answer holds text of post ${post}`)
  }
  const stood = acknowledged.every(({ epoch }) => epoch === final.epoch)
  const keeping = { kept, stood }
  for (const follower of followers) judgeFollower(follower, standing, retractions, final, findings, keeping)
  const { lost, repeated, reordered, gaps, leaked, deliveries, startedOver, startedOverInVain, notes } = findings
  const counts = { lost, repeated, reordered, gaps, leaked, deliveries, startedOver, startedOverInVain }
  const gone = acknowledged.length - standing.length
  return { ...counts, gone, notes, acknowledged: acknowledged.length, unknown }
}

/** True where nothing happened that must not. */
export function isClean({ lost, repeated, reordered, gaps, leaked }: Counts): boolean {
  return lost + repeated + reordered + gaps + leaked === 0
}

function judgeFinal(standing: readonly Acknowledged[], unknown: number, final: Final, findings: Findings): void {
  for (const write of standing) {
    if (!stands(write, final)) findings.add('lost', `${write.deed} of post ${write.post}, offset ${write.offset}`)
  }
  const idOf = new Map<string, string>()
  for (const [id, { markers }] of final.posts) {
    for (const marker of markers) {
      if (idOf.has(marker)) findings.add('repeated', `two posts hold ${marker}: ${idOf.get(marker)} and ${id}`)
      idOf.set(marker, id)
    }
  }
  // Offsets are dense, so a change that no acknowledged or unknown write explains is one of them made again.
  const explained = new Set(standing.map(({ offset }) => offset)).size + unknown
  for (let extra = explained; extra < final.offset; extra++) {
    findings.add('repeated', `the log has ${final.offset} changes, and ${explained} writes explain them`)
  }
}

/** Whether the final state holds the write, or one that came after it. */
function stands(write: Acknowledged, { posts, offset }: Final): boolean {
  const post = posts.get(write.id)
  if (post === undefined || post.version < write.version || write.offset > offset) return false
  if (write.deed === 'retract') return post.retracted
  if (post.version > write.version) return true
  if (write.deed === 'pin' || write.deed === 'unpin') return post.pinned === (write.deed === 'pin')
  return post.markers.includes(write.marker)
}
