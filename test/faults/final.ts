import type { Page, Snapshot } from '../../src/wire/batch.ts'
import { parseCursor } from '../../src/wire/cursor.ts'
import type { Post } from '../../src/wire/post.ts'
import { markersIn, postsIn } from './delivery.ts'
import type { Final, FinalPost } from './record.ts'

/** Reads all that the public may read of a channel, on each node; of its log, the `kept` last changes. The posts are those that the first node tells of. */
export async function readFinal(nodes: readonly string[], channel: string, kept: number): Promise<Final> {
  const texts = new Set<number>()
  const read = async (url: string) => {
    const response = await fetch(url)
    if (!response.ok) throw new Error(`${url} answered ${response.status}`)
    const text = await response.text()
    for (const post of postsIn(text)) texts.add(post)
    return text
  }
  let final: Omit<Final, 'texts'> | null = null
  for (const node of nodes) {
    const base = `${node}/v1/channels/${channel}`
    const snapshot: Snapshot = JSON.parse(await read(base))
    const position = parseCursor(snapshot.cursor)
    if (position === null) throw new Error(`The snapshot has no cursor: ${snapshot.cursor}`)
    await read(`${node}/c/${channel}`)
    await read(`${base}/changes?after=${position.epoch}:${Math.max(0, position.offset - kept)}`)
    const posts = new Map<string, FinalPost>()
    let page: Page = JSON.parse(await read(`${base}/posts?limit=100`))
    for (;;) {
      for (const post of page.posts) posts.set(post.id, finalOf(post))
      if (page.older === undefined) break
      page = JSON.parse(await read(`${base}/posts?limit=100&before=${page.older}`))
    }
    final ??= { ...position, posts }
  }
  if (final === null) throw new Error('There is no node to read from.')
  return { ...final, texts }
}

function finalOf(post: Post): FinalPost {
  const retracted = post.status === 'retracted'
  const markers = markersIn(JSON.stringify(post))
  return { version: post.version, retracted, pinned: !retracted && post.pinned, markers }
}
