import type { Session } from '../session.ts'

/**
 * What a server does for its first hundreds of posts is not what it does all night: V8 compiles what it finds to be run
 * often, at a cost of its own. So all servers are sent as many before, while few follow.
 */
const posts = 200
const followersMax = 100

/** Connects all followers, the last of them after a server has warmed up; and has their first posts sent to all. */
export async function connectWarm(session: Session, followers: number, bytes: number): Promise<void> {
  const first = Math.min(followersMax, followers)
  await session.connect(first)
  await session.publishEach(posts, bytes)
  if (followers > first) await session.connect(followers - first)
  await session.publishEach(firstPosts, bytes)
}

/** To an audience that has just come, before what is measured. */
export const firstPosts = 5
