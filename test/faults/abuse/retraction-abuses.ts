import { SlowReader } from '../slow-reader.ts'
import { until } from '../until.ts'
import type { Abuse, Found, Scale } from './abuse.ts'
import type { Scene } from './scene.ts'
import { PollingSession } from './wire.ts'

const secret = 'quay-zero-seven'

/** A text that was taken back while it waited for a client to fetch it. */
export const retractionAbuses: readonly Abuse[] = [
  { name: 'texts retracted before a poll', run: (scene, scale) => retractions(scene, scale) },
]

async function retractions(scene: Scene, scale: Scale): Promise<Found> {
  const rounds = scale === 'full' ? 20 : 3
  let delivered = 0
  let silent = 0
  let inputs = 0
  for (let round = 0; round < rounds; round++) {
    for (const queued of ['batch', 'answer'] as const) {
      inputs++
      const polled = await pollAfterRetraction(scene, queued, `${secret}-${round}-${queued}`)
      if (polled === null) continue
      if (polled.includes(`${secret}-${round}-${queued}`)) delivered++
      if (!polled.includes('"retracted"')) silent++
    }
  }
  return { inputs, zeros: { 'retracted texts delivered': delivered, 'retractions not told': silent } }
}

/**
 * A client that polls follows before a text is published, or after that, and fetches nothing until it has been retracted.
 * Returns all that it fetches then; null if its session was ended, after which it comes back by its cursor.
 */
async function pollAfterRetraction(scene: Scene, queued: 'batch' | 'answer', text: string): Promise<string | null> {
  const witness = await SlowReader.open(scene.url, scene.channel)
  const session = await PollingSession.open(scene.port)
  await session.connect()
  const follow = () => session.send(`420${JSON.stringify(['follow', { channel: scene.channel }])}`)
  if (queued === 'batch') {
    await follow()
    await session.poll()
  }
  const published = await publish(scene, text)
  await until('the text has been sent out', () => witness.offset >= published.offset)
  if (queued === 'answer') {
    await follow()
    await until('the answer waits', async () => (await scene.figure('wirecopy_waiting_bytes')) > 0)
  }
  const { text: answer } = await scene.write('POST', `/${scene.channel}/posts/${published.id}/retract`, {
    reason: 'It was wrong.',
  })
  const retracted = offsetOf(answer)
  await until('the retraction has been sent out', () => witness.offset >= retracted)
  witness.close()
  let all = ''
  while (!all.includes('"retracted"')) {
    const polled = await session.poll()
    if (polled === null) return null
    // A ping says that nothing else has waited for it.
    if (polled === '2') return all
    all += polled
  }
  return all
}

async function publish(scene: Scene, text: string): Promise<{ id: string; offset: number }> {
  const { text: answer } = await scene.write('POST', `/${scene.channel}/posts`, { body: { text } })
  return { id: JSON.parse(answer).post.id, offset: offsetOf(answer) }
}

function offsetOf(answer: string): number {
  return Number(/"cursor":"[^":]*:(\d+)"/.exec(answer)?.[1] ?? Number.NaN)
}
