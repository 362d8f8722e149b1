import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import { pino } from 'pino'
import { startEmbeddedRedis } from '../../src/log/embedded.ts'
import { openLog } from '../../src/log/log.ts'
import type { NewChannel } from '../../src/wire/channel.ts'
import type { NewPost } from '../../src/wire/post.ts'
import type { ChannelId } from '../../src/wire/scalars.ts'

export const quiet = pino({ level: 'silent' })

/** A redis-server for the tests of one file. It stops with them. */
export async function redisForFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirecopy-redis-'))
  const redis = await startEmbeddedRedis(folder, quiet)
  after(async () => {
    await redis.close()
    await rm(folder, { recursive: true, force: true })
  })
  return redis.url
}

export type TestLog = Awaited<ReturnType<typeof openLog>>

/** A log under a prefix of its own, or, with `prefix`, another process's view of one. */
export async function openTestLog(
  t: TestContext,
  redisUrl: string,
  {
    prefix = randomBytes(6).toString('hex'),
    changesMax = 10_000,
    replicasMin = 0,
    knownMsMax,
  }: { prefix?: string; changesMax?: number; replicasMin?: number; knownMsMax?: number } = {},
): Promise<TestLog & { readonly prefix: string }> {
  const processId = randomBytes(4).toString('hex')
  const log = await openLog({
    redisUrl,
    prefix,
    processId,
    publicUrl: 'http://news.example',
    changesMax,
    replicasMin,
    ...(knownMsMax === undefined ? {} : { knownMsMax }),
    logger: quiet,
  })
  t.after(() => log.close())
  return { ...log, prefix }
}

export const channelId = (id: string) => id as ChannelId

export const newChannel = (id: string, fields: Partial<NewChannel> = {}): NewChannel => ({
  id: channelId(id),
  title: `Coverage of ${id}`,
  language: 'en',
  timeZone: 'UTC',
  status: 'live',
  ...fields,
})

export type Content = Omit<NewPost, 'body'> & { body: { html: string; text: string } }

export const content = (text: string, fields: Partial<Content> = {}): Content => ({
  headline: text,
  body: { html: `<p>${text}</p>`, text },
  authors: [],
  sources: [],
  media: [],
  tags: [],
  keyEvent: false,
  breaking: false,
  ...fields,
})

/** A write that is made once: a key of its own. */
export const once = (key = randomBytes(8).toString('hex'), fingerprint = 'same', holder = 'desk') => ({
  holder,
  key,
  fingerprint,
})
