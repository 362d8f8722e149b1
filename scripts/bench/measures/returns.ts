import { shortBytes } from '../posts.ts'
import { listenOverflows } from '../processes.ts'
import { Session } from '../session.ts'
import { measure } from './measure.ts'

/** Published while all are away, so that each has something to catch up with. */
const postsMissed = 10
const postsBefore = 10
const returnMsMax = 60_000

export const returns = measure({
  name: 'returns',
  about: ({ large }) =>
    `${large} followers are dropped at once, miss ${postsMissed} posts, and all come back at once with their cursors`,
  peers: [],
  figures: {
    seconds: { title: 'till all are whole', unit: 's' },
    refused: { title: 'refused or failed', unit: '' },
    short: { title: 'short, or wrong', unit: '' },
    cpu: { title: 'server CPU per return', unit: 'µs' },
    queueFull: { title: 'connects that found the listen queue full', unit: '' },
  },
  run: async (kind, { large }) =>
    await Session.with(kind, {}, async (session) => {
      const { swarm } = session
      await session.connect(large)
      await session.publishEach(postsBefore, shortBytes)
      const overflowsBefore = listenOverflows()
      let away = { ms: 0, atGoal: 0, refused: 0, failed: 0 }
      const { serverMs, report } = await session.costOf(async () => {
        await swarm.drop()
        let head = 0
        for (let post = 0; post < postsMissed; post++) head = (await session.publish(shortBytes)).offset
        away = await swarm.comeBack(head, returnMsMax)
      })
      const turnedAway = away.refused + away.failed
      // What was missed comes in the answer to follow, or in a batch right behind it.
      const received = report.replayed + report.deliveries
      const missing = Math.abs(away.atGoal * postsMissed - received)
      return {
        seconds: away.ms / 1_000,
        refused: turnedAway,
        short: large - away.atGoal - turnedAway + missing + report.gaps + report.repeats + report.lost,
        cpu: (serverMs * 1_000) / large,
        queueFull: overflowsBefore === null ? null : (listenOverflows() ?? overflowsBefore) - overflowsBefore,
      }
    }),
})
