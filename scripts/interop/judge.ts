/** Whether what a client was given is what the newsroom wrote: each change once, in order, none missing. */
import { z } from 'zod'
import { Batch, Snapshot } from '../../src/wire/batch.ts'
import { parseCursor } from '../../src/wire/cursor.ts'
import type { Post } from '../../src/wire/post.ts'

/** A line that a client's program printed. */
export const Line = z.discriminatedUnion('event', [
  z.object({ event: z.literal('snapshot'), snapshot: Snapshot }),
  z.object({ event: z.literal('batch'), batch: Batch }),
  z.object({
    event: z.enum(['unfollowed', 'disconnected', 'reopened', 'error', 'refused']),
    why: z.string().optional(),
  }),
])
export type Line = z.infer<typeof Line>

/** An acknowledged write, as it was answered. */
export interface Write {
  readonly cursor: string
  readonly offset: number
  readonly post: Post
  readonly ackedMs: number
}

export interface Truth {
  readonly writes: readonly Write[]
  /** Texts that nobody who follows now may be given: they were retracted before. */
  readonly gone: ReadonlySet<string>
}

/**
 * What is wrong with the lines of a program, a sentence each. `after` is the cursor at which it began, or null if it was
 * to begin with a snapshot.
 */
export function judge(truth: Truth, lines: readonly Line[], after: string | null): string[] {
  const faults: string[] = []
  let cursor = after
  for (const line of lines) {
    if (line.event === 'snapshot') {
      if (cursor !== null) faults.push(`it started over from a snapshot at ${cursor}`)
      cursor = line.snapshot.cursor
      faults.push(...snapshotFaults(truth, line.snapshot))
    } else if (line.event === 'batch') {
      faults.push(...batchFaults(truth, line.batch, cursor))
      cursor = `${line.batch.epoch}:${line.batch.to}`
    } else {
      continue
    }
    for (const text of truth.gone) {
      if (JSON.stringify(line).includes(text)) faults.push(`it was given a text that had been retracted: ${text}`)
    }
  }
  return faults
}

function snapshotFaults(truth: Truth, { cursor, posts }: Snapshot): string[] {
  const offset = parseCursor(cursor)?.offset ?? 0
  const expected = new Set(truth.writes.filter((write) => write.offset <= offset).map(({ post }) => post.id))
  const given = new Set(posts.map(({ id }) => id))
  const missing = [...expected].filter((id) => !given.has(id)).map((id) => `the snapshot lacks the post ${id}`)
  return [...missing, ...posts.flatMap((post) => postFaults(truth, post))]
}

function batchFaults(truth: Truth, batch: Batch, cursor: string | null): string[] {
  const faults: string[] = []
  const { epoch, from, to, changes } = batch
  if (cursor !== `${epoch}:${from}`) faults.push(`a batch from ${epoch}:${from} was applied at ${cursor}`)
  // Of several changes of one post in a batch, only the last one is there.
  const last = new Map<string, number>()
  for (const { offset, post } of truth.writes) if (offset > from && offset <= to) last.set(post.id, offset)
  const expected = [...last.values()].sort((a, b) => a - b)
  const given = changes.map(({ offset }) => offset)
  if (expected.join() !== given.join()) {
    faults.push(`the batch (${from}, ${to}] has the changes ${given.join()}, and must have ${expected.join()}`)
  }
  for (const change of changes) if ('post' in change) faults.push(...postFaults(truth, change.post))
  return faults
}

/** A post may be later than the change that brings it, but each version is one that the newsroom made. */
function postFaults(truth: Truth, post: Post): string[] {
  const written = truth.writes.find((write) => write.post.id === post.id && write.post.version === post.version)
  if (written === undefined) return [`the post ${post.id} has the version ${post.version}, which nobody wrote`]
  if (shown(written.post) === shown(post)) return []
  return [`version ${post.version} of the post ${post.id} is not as it was written: ${shown(post)}`]
}

/** What a reader sees of a post. */
function shown(post: Post): string {
  if (post.status === 'retracted') return JSON.stringify([post.status, post.retraction.reason])
  const { status, headline, body, pinned, corrections } = post
  return JSON.stringify([status, headline, body.text, pinned, corrections.map(({ text }) => text)])
}
