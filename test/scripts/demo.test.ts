import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { sampleCoverage } from '../../scripts/demo/coverage.ts'
import { PostFileError, readPostFile } from '../../scripts/demo/post-file.ts'
import type { Channel } from '../../src/wire/channel.ts'
import { NewPost } from '../../src/wire/post.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { adminKey, startServer, type TestServer, tempFolder } from '../helpers/server.ts'

const script = join(import.meta.dirname, '../../scripts/demo.ts')

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command as its users do; the key comes by the environment. */
function demo(args: readonly string[], env: Record<string, string> = { ADMIN_KEY: adminKey }): Promise<Ran> {
  return new Promise((resolve) => {
    const named = ['ADMIN_KEY', 'DATA_DIR', 'KEY', 'PORT', 'WIRECOPY']
    const rest = Object.entries(process.env).filter(([name]) => !named.includes(name))
    execFile(
      process.execPath,
      [script, ...args],
      { env: { ...Object.fromEntries(rest), ...env } },
      (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err })
      },
    )
  })
}

async function fileWith(name: string, text: string): Promise<string> {
  const path = join(await tempFolder(), name)
  await writeFile(path, text)
  return path
}

async function channelsOf({ url }: TestServer): Promise<Channel[]> {
  const response = await fetch(`${url}/v1/channels`)
  const { channels } = (await response.json()) as { channels: Channel[] }
  return channels
}

const published = sampleCoverage().steps.flatMap((step) => (step.do === 'publish' ? [step.post] : []))

test('the sample coverage has posts of every kind', () => {
  assert.ok(published.length >= 30)
  for (const post of published) NewPost.parse(post)
  for (const field of ['authors', 'sources', 'tags', 'keyEvent', 'breaking', 'sensitivity', 'eventTime'] as const) {
    assert.ok(
      published.some((post) => post[field] !== undefined),
      field,
    )
  }
  const marks = new Set(published.map((post) => post.verification))
  assert.deepEqual([...marks].filter((mark) => mark !== undefined).sort(), ['confirmed', 'disputed', 'unconfirmed'])
})

test('the demo publishes its coverage, with the pin, the edits, the correction and the retraction', async (t) => {
  const server = await startServer(t)
  const { code, out, err } = await demo(['--fast', '--url', server.url, '--channel', 'harbour'])
  assert.equal(code, 0, err)
  const newsroom = new Newsroom(server, 'harbour')
  const { channel, pinned } = await newsroom.snapshot()
  assert.equal(channel.title, sampleCoverage().channel.title)
  assert.deepEqual(
    pinned.map((post) => post.headline),
    ['What we know so far'],
  )

  const posts = await newsroom.walk()
  assert.equal(posts.length, published.length)
  assert.equal(posts.filter((post) => post.status === 'retracted').length, 1)
  const standing = posts.filter((post) => post.status === 'published')
  const corrected = standing.filter((post) => post.corrections.length > 0)
  assert.deepEqual(
    corrected.map((post) => post.headline),
    ['Two fire boats reach the quay'],
  )
  // The pinned one has its pin and an edit, so three versions.
  assert.deepEqual(
    standing
      .map((post) => post.version)
      .filter((version) => version > 1)
      .sort((a, b) => a - b),
    [2, 2, 3],
  )

  const { steps } = sampleCoverage()
  assert.match(out, new RegExp(`^\\[${steps.length}/${steps.length}\\] published: `, 'm'))
  assert.ok(out.includes(`${server.url}/c/harbour`))
})

test('the demo runs again, each time into a channel of its own, or on in the one that is named', async (t) => {
  const server = await startServer(t)
  const file = await fileWith('one.md', '# One\n')
  assert.equal((await demo(['--file', file, '--url', server.url, '--channel', 'same'])).code, 0)
  const again = await demo(['--file', file, '--url', server.url, '--channel', 'same'])
  assert.match(again.out, /^Going on in the channel same\./)
  assert.equal((await new Newsroom(server, 'same').walk()).length, 2)
  assert.equal((await demo(['--file', file, '--url', server.url])).code, 0)
  assert.deepEqual(
    (await channelsOf(server)).map(({ id }) => id.replace(/-.*/, '')),
    ['posts', 'same'],
  )
})

test('a JSON file is published in its order, into the channel that it names', async (t) => {
  const server = await startServer(t)
  const posts = [
    { headline: 'One', tags: ['a'] },
    { body: { text: 'Two' }, keyEvent: true },
  ]
  const channel = { id: 'river', title: 'The river rises', timeZone: 'Europe/Oslo' }
  const whole = await fileWith('whole.json', JSON.stringify({ channel, posts }))
  const named = await fileWith('named.json', JSON.stringify({ channel: 'bridge', posts }))
  const bare = await fileWith('bare.json', JSON.stringify(posts))
  for (const args of [
    ['--file', whole],
    ['--file', named],
    ['--file', bare, '--channel', 'bare'],
  ]) {
    const { code, err } = await demo([...args, '--fast', '--url', server.url])
    assert.equal(code, 0, err)
  }
  const { channel: made } = await new Newsroom(server, 'river').snapshot()
  assert.equal(`${made.title}, ${made.timeZone}`, 'The river rises, Europe/Oslo')
  for (const id of ['river', 'bridge', 'bare']) {
    const [second, first] = await new Newsroom(server, id).walk()
    assert.ok(first?.status === 'published' && second?.status === 'published')
    assert.deepEqual([first.headline, first.tags, second.body.text, second.keyEvent], ['One', ['a'], 'Two', true])
  }
})

test('a Markdown file is parted at its lines of ---, and a heading that comes first is the headline', async (t) => {
  const server = await startServer(t)
  const text = `# One #\r
\r
Some **text**.\r
---
No headline here.

# Not one either
---

---
# Headline alone
---
\`\`\`
a
---
b
\`\`\`
`
  const file = await fileWith('posts.md', text)
  const { code, err } = await demo(['--file', file, '--fast', '--url', server.url, '--channel', 'parts'])
  assert.equal(code, 0, err)
  const posts = (await new Newsroom(server, 'parts').walk()).reverse()
  assert.deepEqual(
    posts.map((post) => (post.status === 'published' ? [post.headline, post.body.text] : null)),
    [
      ['One', 'Some text.'],
      [undefined, 'No headline here.\nNot one either'],
      ['Headline alone', ''],
      [undefined, 'a\n---\nb'],
    ],
  )
})

test('a file with a bad post names it with its field, and publishes nothing', async (t) => {
  const server = await startServer(t)
  const good = { headline: 'Good' }
  type Case = readonly [name: string, text: string, told: RegExp]
  const files: readonly [Case, ...Case[]] = [
    ['field.json', JSON.stringify([good, { headline: 'Bad', colour: 'red' }]), /post 2: colour: is not a known field/],
    ['empty.json', JSON.stringify([good, good, {}]), /post 3: body: must have a headline/],
    ['deep.json', JSON.stringify([{ ...good, authors: [{}] }]), /post 1: authors\.0\.name: is missing/],
    ['blank.json', JSON.stringify([good, { body: { html: '<script>x</script>' } }]), /post 2: body: must have/],
    ['word.json', JSON.stringify([good, 'Bad']), /post 2: /],
    ['slug.json', JSON.stringify({ channel: 'Not A Slug', posts: [good] }), /channel/],
    ['broken.json', '[{', /is not JSON/],
    ['none.json', '[]', /there are no posts/],
    ['none.md', '---\n\n---\n', /there are no posts/],
    ['long.md', `# Good\n---\n# ${'x'.repeat(301)}\n`, /post 2: headline: /],
    ['posts.txt', '# Good', /must be a \.json or \.md file/],
  ]
  for (const [name, text, message] of files) {
    await assert.rejects(readPostFile(await fileWith(name, text)), { constructor: PostFileError, message }, name)
  }
  const [[name, text, message]] = files
  const { code, err } = await demo(['--file', await fileWith(name, text), '--fast', '--url', server.url])
  assert.equal(code, 1)
  assert.match(err, message)
  assert.deepEqual(await channelsOf(server), [])
})

test('what stands in the way is told in a line', async (t) => {
  const server = await startServer(t)
  const empty = await tempFolder()
  const cases: readonly (readonly [args: string[], env: Record<string, string>, code: number, told: RegExp])[] = [
    [
      ['--url', 'http://127.0.0.1:1'],
      { ADMIN_KEY: adminKey },
      1,
      /No server answers at .*; start one with "npm start"/,
    ],
    [['--url', server.url], { ADMIN_KEY: 'a-key-that-is-not-known' }, 1, /401 wrong-key.*--key/],
    [['--url', server.url], { DATA_DIR: empty }, 2, /There is no key: give --key or ADMIN_KEY/],
    [['--url', 'ftp://a.example'], {}, 2, /--url: must be an http or https URL/],
    [[], { WIRECOPY: 'a.example' }, 2, /WIRECOPY: must be an http or https URL: a\.example/],
    [[], { PORT: 'http' }, 2, /PORT: must be a port: http/],
    [['--pace', 'slowly'], {}, 2, /--pace: must be a number of seconds/],
    [['--channel', 'No Slug'], {}, 2, /--channel: must be a slug/],
    [['--colour'], {}, 2, /Unknown option '--colour'/],
  ]
  for (const [args, env, expectedCode, expected] of cases) {
    const { code, err } = await demo([...args, '--fast'], env)
    assert.equal(code, expectedCode, err)
    assert.match(err, expected)
    assert.doesNotMatch(err, /^ {4}at /m)
  }
  const { code, out } = await demo(['--help'])
  assert.equal(code, 0)
  assert.match(out, /--file {6}JSON/)
})

test('the server is the one that the variables of the README or the port of the server name', async (t) => {
  const server = await startServer(t)
  const file = await fileWith('one.md', '# One\n')
  const { port } = new URL(server.url)
  const other = 'http://127.0.0.1:1'
  for (const [args, env] of [
    [[], { PORT: port, ADMIN_KEY: adminKey }],
    [[], { WIRECOPY: server.url, PORT: '1', KEY: adminKey, ADMIN_KEY: 'of-another-server-0123456789' }],
    [['--url', server.url], { WIRECOPY: other, PORT: '1', ADMIN_KEY: adminKey }],
  ] as const) {
    const { code, err } = await demo(['--file', file, '--channel', 'same', ...args], env)
    assert.equal(code, 0, err)
  }
  assert.equal((await new Newsroom(server, 'same').walk()).length, 3)
})

test('the key that the server keeps with its data is found', async (t) => {
  const folder = await tempFolder()
  const server = await startServer(t, { DATA_DIR: folder, ADMIN_KEY: '' })
  const file = await fileWith('one.md', '# One\n')
  const { code, err } = await demo(['--file', file, '--url', server.url], { DATA_DIR: folder })
  assert.equal(code, 0, err)
})

test('where the server is busy or the connection breaks off, each post is sent again and published once', async (t) => {
  const server = await startServer(t)
  const proxy = await startBadLine(t, server.url)
  const file = await fileWith('posts.md', Array.from({ length: 12 }, (_, i) => `# Post ${i + 1}`).join('\n---\n'))
  const { code, out, err } = await demo(['--file', file, '--fast', '--url', proxy, '--channel', 'once'])
  assert.equal(code, 0, err)
  assert.match(out, /status 503; again in/)
  assert.match(out, /(socket hang up|other side closed|terminated|ECONNRESET); again in/)
  const posts = (await new Newsroom(server, 'once').walk()).reverse()
  assert.deepEqual(
    posts.map((post) => post.status === 'published' && post.headline),
    Array.from({ length: 12 }, (_, i) => `Post ${i + 1}`),
  )
})

/** A proxy that refuses each third write, and breaks off each fourth after the server has made it. Gives its URL. */
async function startBadLine(t: TestContext, target: string): Promise<string> {
  let writes = 0
  const forward = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = 'GET', url = '/', headers } = request
    if (method !== 'GET') writes++
    if (method !== 'GET' && writes % 3 === 0) {
      response.writeHead(503, { 'retry-after': '0' }).end()
      return
    }
    const kept = ['authorization', 'content-type', 'idempotency-key', 'if-match'].flatMap((name) => {
      const value = headers[name]
      return typeof value === 'string' ? [[name, value] as const] : []
    })
    const answer = await fetch(target + url, {
      method,
      headers: Object.fromEntries(kept),
      ...(method === 'GET' ? {} : { body: Buffer.concat(chunks) }),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    if (method !== 'GET' && writes % 4 === 0) {
      response.destroy()
      return
    }
    response.writeHead(answer.status, { etag: answer.headers.get('etag') ?? '' }).end(bytes)
  }
  const proxy = createServer((request, response) => {
    forward(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  const address = proxy.address()
  assert.ok(typeof address === 'object' && address !== null)
  return `http://127.0.0.1:${address.port}`
}
