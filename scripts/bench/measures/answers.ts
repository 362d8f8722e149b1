import { setTimeout as delay } from 'node:timers/promises'
import { histogramOf, percentile } from '../figures.ts'
import { shortBytes } from '../posts.ts'
import { Session } from '../session.ts'
import { measure } from './measure.ts'

const warmUpPosts = 50
/** Between two posts that are timed: random, so that they don't keep step with the broadcasts. */
const pauseMsMax = 20
/** A server that answers late must not make the run endless. */
const timedMsMax = 90_000

export const answers = measure({
  name: 'answers',
  about: ({ large, answers: count }) =>
    `${count} posts into a channel without followers are timed, while nothing else happens and while broadcasts to ${large} followers of another are under way`,
  // The floor gives no answers.
  peers: ['Nchan', 'Socket.IO', 'Socket.IO, Redis Streams'],
  figures: {
    idleP50: { title: 'publish answered while idle, p50', unit: 'ms' },
    idleP99: { title: 'publish answered while idle, p99', unit: 'ms' },
    busyP50: { title: 'publish answered during broadcasts, p50', unit: 'ms' },
    busyP99: { title: 'publish answered during broadcasts, p99', unit: 'ms' },
    ratioP99: { title: 'p99 during broadcasts, of that while idle', unit: '×' },
  },
  run: async (kind, { large, answers: count }) =>
    await Session.with(kind, {}, async (session) => {
      await session.connect(large)
      await session.publishEach(5, shortBytes)
      await timed(session, warmUpPosts, () => true)
      const idle = histogramOf(await timed(session, count, () => true))
      const busy = histogramOf(await whileBroadcasting(session, count))
      const [idleP99, busyP99] = [percentile(idle, 0.99), percentile(busy, 0.99)]
      return {
        idleP50: percentile(idle, 0.5),
        idleP99,
        busyP50: percentile(busy, 0.5),
        busyP99,
        ratioP99: idleP99 === null || busyP99 === null ? null : busyP99 / idleP99,
      }
    }),
})

/** Times of answers in milliseconds; of those posts that were sent while `counts` was so. */
async function timed(session: Session, count: number, counts: () => boolean): Promise<number[]> {
  const times: number[] = []
  const end = performance.now() + timedMsMax
  while (times.length < count && performance.now() < end) {
    await delay(Math.random() * pauseMsMax)
    const counted = counts()
    const { ms } = await session.publish(shortBytes, 'quiet')
    if (counted && ms !== null) times.push(ms)
  }
  return times
}

/** A broadcast is under way from its post till the last follower has it. The next one begins then. */
async function whileBroadcasting(session: Session, count: number): Promise<number[]> {
  let underWay = false
  let over = false
  const broadcasts = async () => {
    while (!over) {
      underWay = true
      const { offset } = await session.publish(shortBytes)
      await session.delivered(offset)
      underWay = false
    }
  }
  const broadcasting = broadcasts()
  try {
    // One that fails ends the timing too.
    return await Promise.race([timed(session, count, () => underWay), broadcasting.then(() => [])])
  } finally {
    over = true
    await broadcasting.catch(() => undefined)
  }
}
