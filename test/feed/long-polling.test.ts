import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { LongPollClient } from '../helpers/long-poll.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { startServer } from '../helpers/server.ts'

/** Far more polls than a client has to wait: what waits goes before everything else. */
const pollsMax = 20
const rounds = 5

test('what is asked for by long polling comes, however much happens in a channel that is followed already', {
  timeout,
}, async (t) => {
  const server = await startServer(t, { RATE_LIMIT: 'off' })
  const busy = await new Newsroom(server).open()
  const quiet = await new Newsroom(server).open()
  const client = await LongPollClient.connected(server.url)
  await client.say(`421["follow",{"channel":"${busy.channel}"}]`)
  await client.poll()

  let isOver = false
  const writers = Array.from({ length: 8 }, async () => {
    while (!isOver) await busy.publish({ headline: 'One of many' })
  })
  const pollUntil = async (text: string): Promise<void> => {
    for (let polls = 0; polls < pollsMax; polls++) {
      if ((await client.poll()).some((packet) => packet.includes(text))) return
    }
    assert.fail(`${text} has not come in ${pollsMax} polls`)
  }

  try {
    await t.test('an answer to follow', async () => {
      for (let round = 0; round < rounds; round++) {
        const id = `${7_000 + round}`
        await client.say(`42${id}["follow",{"channel":"${quiet.channel}"}]`)
        await pollUntil(`43${id}[`)
      }
    })

    await t.test('and what is published in another channel', async () => {
      for (let round = 0; round < rounds; round++) {
        const { post } = await quiet.publish({ headline: 'One of few' })
        await pollUntil(post.id)
      }
    })
  } finally {
    isOver = true
    await Promise.all(writers)
  }
})
