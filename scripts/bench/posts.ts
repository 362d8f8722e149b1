import { evening } from '../demo/evening.ts'
import { night } from '../demo/night.ts'
import { wallNs } from './clock.ts'

/** What a newsroom publishes, without the mark of the time at which it does. */
export interface Draft {
  readonly headline: string
  readonly text: string
}

/** The post as JSON has about so many bytes: a few sentences, or a long read. */
export const shortBytes = 300
export const longBytes = 2_048

/** Around headline and text: names of the members, the mark. */
const bytesAround = 66

/** A draft of prose, another one for each number, so that no two posts are the same. */
export function draft(number: number, bytes: number): Draft {
  const headline = `Update ${number}`
  const length = bytes - bytesAround
  const from = (number * 137) % Math.max(1, prose.length - length)
  return { headline, text: prose.slice(from, from + length) }
}

/** What the swarm takes the time of publishing from; it stands once in a batch. */
function headlineNow({ headline }: Draft): string {
  return `${headline} ns=${wallNs()}`
}

/** As `POST …/posts` takes it. */
export function publishBody(one: Draft): string {
  return JSON.stringify({ headline: headlineNow(one), body: { text: one.text } })
}

/** The batch that Wirecopy makes of such a post, for servers that only pass on what they are given. */
export function batchOf(channel: string, offset: number, one: Draft): string {
  const at = new Date().toISOString()
  const id = `p${offset.toString(36).padStart(20, '0')}`
  const post = {
    id,
    channel,
    version: 1,
    offset,
    status: 'published',
    headline: headlineNow(one),
    body: { html: `<p>${one.text}</p>`, text: one.text },
    authors: [],
    sources: [],
    media: [],
    tags: [],
    keyEvent: false,
    pinned: false,
    breaking: false,
    publishedAt: at,
    updatedAt: at,
    corrections: [],
    url: `http://127.0.0.1:12345/c/${channel}/p/${id}`,
  }
  const changes = [{ offset, at, type: 'post.published', post }]
  return JSON.stringify({ channel, epoch: 'bench', from: offset - 1, to: offset, changes })
}

/** The prose of the sample coverage, in plain letters: a byte each, none of which HTML or JSON would escape. */
const prose = proseOf([...evening(() => ''), ...night(() => '')])

function proseOf(steps: readonly unknown[]): string {
  const texts: string[] = []
  JSON.stringify(steps, (key: string, value: unknown) => {
    if ((key === 'text' || key === 'markdown') && typeof value === 'string') texts.push(value)
    return value
  })
  return texts
    .join(' ')
    .replaceAll(/[^a-zA-Z0-9.,:;()? ]+/g, ' ')
    .replaceAll(/ +/g, ' ')
}
