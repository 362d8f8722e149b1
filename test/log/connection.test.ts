import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Link } from '../faults/link.ts'
import { channelId, newChannel, once, openTestLog, redisForFile } from '../helpers/log.ts'

const redisUrl = await redisForFile()
const echoMsMax = 3_000

test('connections to a Redis that went without a word are made anew, for commands and for the tail', {
  timeout: 60_000,
}, async (t) => {
  const link = await Link.open({ path: decodeURIComponent(new URL(redisUrl).pathname) })
  t.after(() => link.close())
  const log = await openTestLog(t, `redis://127.0.0.1:${link.port}`)
  await log.createChannel(newChannel('war'), once())
  await log.tail.echo(echoMsMax)

  link.trouble({ kind: 'cut', there: true, back: true })
  await assert.rejects(log.head(channelId('war')), { code: 'unavailable' })
  // Old connections stay open, and nothing passes through them ever again.
  link.heal('forget')
  for (let heard = false; !heard; ) {
    await turn()
    heard = await log.tail.echo(echoMsMax).then(
      () => true,
      () => false,
    )
  }
  assert.equal((await log.head(channelId('war')))?.offset, 0)
})
