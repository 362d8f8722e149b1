import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { z } from 'zod'
import type { NewChannel } from '../src/wire/channel.ts'
import { cutText } from '../src/wire/cut.ts'
import { ChannelId } from '../src/wire/scalars.ts'
import { sampleCoverage } from './demo/coverage.ts'
import { PostFileError, readPostFile } from './demo/post-file.ts'
import { Progress } from './demo/progress.ts'
import { PublishError, Publisher } from './demo/publisher.ts'
import type { Step } from './demo/step.ts'

const help = `Publishes a sample coverage, or the posts of a file, to a running server.

  npm run demo                          the sample coverage, a post every 2 s
  npm run demo -- --fast                the same without waiting
  npm run demo -- --file posts.md       the posts of a file

  --url       The server. Default: WIRECOPY, or else http://localhost with PORT, or else http://localhost:3000
  --key       A key with the scopes channels:write and posts:write. Default: KEY if WIRECOPY is set, or else ADMIN_KEY, or
              else the key that the server keeps in data/admin-key (in DATA_DIR if that is set).
  --channel   Id of the channel. One that exists is written to; else it is created. Default: a new one.
  --pace      Seconds between posts. Default: 2
  --fast      No pause: --pace 0
  --file      JSON: an array of new posts, as POST /v1/channels/:channel/posts takes them, or
              { "channel": "an-id" or a new channel, "posts": [ … ] }.
              Markdown: posts parted by lines of ---. Where the first line of a post is a heading (# …), it is the
              headline. A line of --- in a code block parts nothing.

The posts of a file are all checked first: one that is wrong is told by its number and field, and nothing is published.
Every write is sent with an Idempotency-Key, and again where the server is busy or the connection breaks off.`

/** A mistake in how the command was called, rather than a fault. */
class Misuse extends Error {}

interface Work {
  readonly channel: z.input<typeof NewChannel>
  readonly steps: readonly Step[]
}

const paceSecondsMax = 3_600

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: 'string' },
        key: { type: 'string' },
        channel: { type: 'string' },
        pace: { type: 'string', default: '2' },
        fast: { type: 'boolean' },
        file: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message : String(error))
  }
}

async function run(args: readonly string[]): Promise<void> {
  const values = read(args)
  if (values.help === true) return console.log(help)
  const url = urlOf(values.url)
  const pacedMs = paceOf(values.pace)
  const paceMs = values.fast === true ? 0 : pacedMs
  const { channel, steps } = await workOf(values.file, values.channel)

  const progress = new Progress(process.stdout, steps.length)
  const onRetry = (why: string, waitMs: number) => progress.note(`${why}; again in ${Math.ceil(waitMs)} ms`)
  const publisher = new Publisher({ url, key: await keyOf(values.key), onRetry })
  await publisher.reach()
  const created = await publisher.createChannel(channel)
  const page = `${url.replace(/(?<!\/)\/+$/, '')}/c/${channel.id}`
  console.log(`${created ? 'Created' : 'Going on in'} the channel ${channel.id}. Watch it at ${page}`)
  try {
    for (const [i, step] of steps.entries()) {
      if (i > 0 && paceMs > 0) await delay(paceMs)
      await publisher.write(channel.id, step)
      progress.step(told(step))
    }
  } finally {
    progress.end()
  }
  console.log(`Done: ${page}`)
}

/** The variables are those of the server, and of the README's commands. */
function urlOf(given: string | undefined): string {
  const { WIRECOPY: named, PORT: port } = process.env
  if (given !== undefined) return requireUrl('--url', given, given)
  if (named) return requireUrl('WIRECOPY', named, named)
  return requireUrl('PORT', port || '3000', `http://localhost:${port || '3000'}`)
}

function requireUrl(name: string, told: string, url: string): string {
  if (URL.canParse(url) && /^https?:/.test(url)) return url
  throw new Misuse(`${name}: must be ${name === 'PORT' ? 'a port' : 'an http or https URL'}: ${told}`)
}

function paceOf(text: string): number {
  const seconds = Number(text)
  if (text.trim() === '' || !(seconds >= 0 && seconds <= paceSecondsMax)) {
    throw new Misuse(`--pace: must be a number of seconds, 0 to ${paceSecondsMax}: ${text}`)
  }
  return seconds * 1_000
}

async function workOf(file: string | undefined, wanted: string | undefined): Promise<Work> {
  const given = wanted === undefined ? undefined : ChannelId.safeParse(wanted)
  if (given?.success === false) throw new Misuse(`--channel: ${given.error.issues[0]?.message}`)
  if (file === undefined) {
    const { channel, steps } = sampleCoverage()
    return { channel: { ...channel, id: given?.data ?? freshId('harbour-fire') }, steps }
  }
  const { channel, posts } = await readPostFile(file)
  const id = given?.data ?? channel?.id ?? freshId('posts')
  return { channel: { title: id, ...channel, id }, steps: posts.map((post) => ({ do: 'publish', post })) }
}

/** Seconds in base 36: another id on each run, and the ids sort as they were made. */
function freshId(stem: string): string {
  return `${stem}-${Math.floor(Date.now() / 1_000).toString(36)}`
}

async function keyOf(given: string | undefined): Promise<string> {
  const { WIRECOPY: server, KEY: key, ADMIN_KEY: adminKey } = process.env
  const named = given ?? ((server && key) || adminKey)
  if (named !== undefined && named !== '') return named
  const path = join(process.env['DATA_DIR'] || 'data', 'admin-key')
  const kept = await readFile(path, 'utf8').catch(() => null)
  if (kept === null) throw new Misuse(`There is no key: give --key or ADMIN_KEY (there is no ${path} here).`)
  return kept.trim()
}

function told(step: Step): string {
  switch (step.do) {
    case 'publish':
      return `published: ${titleOf(step.post)}`
    case 'edit':
      return `${step.edit.correction === undefined ? 'edited' : 'corrected'} "${step.name}"`
    case 'pin':
      return `pinned "${step.name}"`
    case 'retract':
      return `retracted "${step.name}"`
  }
}

function titleOf(post: Extract<Step, { do: 'publish' }>['post']): string {
  if (post.headline !== undefined) return post.headline
  const [firstLine = ''] = Object.values(post.body ?? {})
    .join('')
    .split('\n')
  return cutText(firstLine, 60)
}

try {
  await run(process.argv.slice(2))
} catch (error) {
  const expected = error instanceof Misuse || error instanceof PostFileError || error instanceof PublishError
  console.error(expected || !(error instanceof Error) ? String((error as Error).message ?? error) : error)
  if (error instanceof Misuse) console.error('See: npm run demo -- --help')
  process.exitCode = error instanceof Misuse ? 2 : 1
}
