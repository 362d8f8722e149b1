import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { z } from 'zod'
import { renderBody } from '../../src/api/body.ts'
import { NewChannel } from '../../src/wire/channel.ts'
import { type FieldError, parse } from '../../src/wire/parse.ts'
import { NewPost } from '../../src/wire/post.ts'
import { ChannelId } from '../../src/wire/scalars.ts'

/** Posts out of a file, in the order in which they are to be published, and the channel where the file names one. */
export interface PostFile {
  readonly channel: z.input<typeof NewChannel> | null
  readonly posts: readonly z.input<typeof NewPost>[]
}

/** What is wrong with a file: a line for each fault, that names the post and the field. */
export class PostFileError extends Error {}

const fileBytesMax = 64 * 1_048_576
const filePostsMax = 10_000
/** Faults that are told at once; a file that has more is another kind of file. */
const faultsToldMax = 20

/**
 * Reads a JSON or Markdown file and checks every post by the rules of the server, so that a file with a fault publishes
 * nothing. Throws `PostFileError`.
 */
export async function readPostFile(path: string): Promise<PostFile> {
  const extension = extname(path).toLowerCase()
  if (!['.json', '.md', '.markdown'].includes(extension)) {
    throw new PostFileError(`${path}: must be a .json or .md file.`)
  }
  const text = await read(path)
  const file = extension === '.json' ? fromJson(path, text) : { channel: null, posts: fromMarkdown(text) }
  if (file.posts.length === 0) throw new PostFileError(`${path}: there are no posts in it.`)
  if (file.posts.length > filePostsMax) throw new PostFileError(`${path}: has more than ${filePostsMax} posts.`)
  const faults = file.posts.flatMap((post, i) => faultsOf(post).map((fault) => ({ number: i + 1, ...fault })))
  if (faults.length > 0) {
    const told = faults.slice(0, faultsToldMax).map((fault) => `post ${fault.number}: ${fault.path}: ${fault.message}`)
    const more = faults.length > faultsToldMax ? [`… and ${faults.length - faultsToldMax} more`] : []
    throw new PostFileError([`${path}: nothing is published, since:`, ...told, ...more].join('\n'))
  }
  return file
}

async function read(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > fileBytesMax) throw new PostFileError(`${path}: is larger than ${fileBytesMax} bytes.`)
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof PostFileError) throw error
    throw new PostFileError(`${path}: can not be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const FileChannel = z.union([ChannelId.transform((id) => ({ id, title: id })), NewChannel])

/** An array of posts, or `{ channel, posts }` with a channel's id or a whole new channel. */
function fromJson(path: string, text: string): PostFile {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new PostFileError(`${path}: is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (Array.isArray(value)) return { channel: null, posts: value }
  const Whole = z.strictObject({ channel: FileChannel.optional(), posts: z.array(z.unknown()) })
  const whole = parse(Whole, value)
  if (!whole.ok) {
    const [fault] = whole.errors
    const where = fault === undefined || fault.path === '' ? '' : `${fault.path}: `
    throw new PostFileError(
      `${path}: ${where}${fault?.message ?? 'is wrong'} (must be an array of posts, or { "channel", "posts" })`,
    )
  }
  const { channel, posts } = whole.value
  // What the posts are is checked one by one, by their numbers.
  return { channel: channel ?? null, posts: posts as PostFile['posts'] }
}

/** Posts between lines of `---`; a first line `# …` is the headline, the rest the body. Code fences may hold such lines. */
function fromMarkdown(text: string): PostFile['posts'] {
  const parts: string[][] = [[]]
  let fence: string | null = null
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const [, mark] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? []
    if (mark !== undefined && fence === null) fence = mark
    else if (mark !== undefined && fence !== null && mark.startsWith(fence) && line.trim() === mark) fence = null
    if (fence === null && /^-{3,}[ \t]*$/.test(line)) parts.push([])
    else parts.at(-1)?.push(line)
  }
  return parts
    .map((lines) => lines.join('\n').trim())
    .filter((part) => part !== '')
    .map(markdownPost)
}

function markdownPost(part: string): z.input<typeof NewPost> {
  const [first = '', ...rest] = part.split('\n')
  const headline = /^#[ \t]+(.+)/.exec(first)?.[1]
  if (headline === undefined) return { body: { markdown: part } }
  const markdown = rest.join('\n').trim()
  return {
    headline: headline.replace(/(?<![ \t])[ \t]+#+[ \t]*$/, ''),
    ...(markdown === '' ? {} : { body: { markdown } }),
  }
}

function faultsOf(post: unknown): readonly FieldError[] {
  const parsed = parse(NewPost, post)
  if (!parsed.ok) return parsed.errors
  const { headline, body } = parsed.value
  const rendered = body === undefined ? null : renderBody(body)
  if (rendered?.kind === 'invalid') return [rendered.error]
  if (headline !== undefined || (rendered !== null && rendered.body.html !== '')) return []
  return [{ path: 'body', message: 'must have a headline, or a body that is not empty' }]
}
