import assert from 'node:assert/strict'
import test from 'node:test'
import { testMsMax, waitMsMax } from '../../scripts/setup/test-limits.js'
import { Link } from '../faults/link.ts'
import { until } from '../faults/until.ts'
import { channelId, newChannel, once, openTestLog, redisForFile } from '../helpers/log.ts'

const redisUrl = await redisForFile()
const echoMsMax = 3_000

test('connections to a Redis that went without a word are made anew, for commands and for the tail', {
  timeout: testMsMax,
}, async (t) => {
  const link = await Link.open({ path: decodeURIComponent(new URL(redisUrl).pathname) })
  t.after(() => link.close())
  const log = await openTestLog(t, `redis://127.0.0.1:${link.port}`)
  await log.createChannel(newChannel('war'), once())
  await log.tail.echo(waitMsMax)

  link.trouble({ kind: 'cut', there: true, back: true })
  await assert.rejects(log.head(channelId('war')), { code: 'unavailable' })
  // Old connections stay open, and nothing passes through them ever again.
  link.heal('forget')
  await until('the probe comes back', () => log.tail.echo(echoMsMax))
  assert.equal(await until('commands are answered', async () => (await log.head(channelId('war')))?.offset), 0)
})
