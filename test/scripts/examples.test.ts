import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { examples, examplesFolder } from '../../scripts/documents/examples.ts'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Link } from '../faults/link.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { adminKey, startServer, tempFolder } from '../helpers/server.ts'

interface Language {
  readonly name: string
  /** What the machine must have, and the arguments by which it tells its version. */
  readonly tool: readonly [command: string, version: string]
  readonly publish: readonly string[]
  readonly follow: readonly string[]
}

const languages: readonly Language[] = [
  {
    name: 'Python',
    tool: ['python3', '--version'],
    publish: ['python3', 'publish.py'],
    follow: ['python3', 'follow.py'],
  },
  { name: 'Go', tool: ['go', 'version'], publish: ['go', 'run', 'publish.go'], follow: ['go', 'run', 'follow.go'] },
  { name: 'Java', tool: ['javac', '-version'], publish: ['java', 'Publish.java'], follow: ['java', 'Follow.java'] },
  { name: 'shell', tool: ['curl', '--version'], publish: ['sh', 'publish.sh'], follow: ['sh', 'follow.sh'] },
]

for (const language of languages) {
  const lack = lackOf(language)
  test(`the examples in ${language.name} publish, correct, follow and come back`, {
    timeout,
    skip: lack,
  }, async (t) => {
    const server = await startServer(t)
    const newsroom = await new Newsroom(server, 'harbour-fire').open()
    const { port } = new URL(server.url)
    const link = await Link.open({ host: '127.0.0.1', port: Number(port) })
    t.after(() => link.close())
    const folder = await tempFolder()
    for (const file of await readdir(examplesFolder)) await copyFile(join(examplesFolder, file), join(folder, file))

    const follower = new Follower(t, folder, [...language.follow, newsroom.channel], `http://127.0.0.1:${link.port}`)
    await follower.hasSaid(/snapshot|"cursor"/)
    const publish = (headline: string, corrected: string) =>
      run(folder, [...language.publish, newsroom.channel, headline, corrected], server.url)
    const told = await publish('First boats', 'Two boats')
    const { posts } = await newsroom.snapshot()
    const [post] = posts
    assert.ok(post?.status === 'published')
    assert.equal(post.headline, 'Two boats')
    assert.equal(post.version, 2)
    assert.deepEqual(
      post.corrections.map((correction) => correction.text),
      ['An earlier headline was: First boats'],
    )
    assert.ok(told.includes(post.id) && told.trim().endsWith('"2"'), told)
    await follower.hasSaid('Two boats')

    // The connection breaks; what comes meanwhile and later is shown once.
    link.heal('reset')
    await newsroom.publish({ headline: 'Third boat' })
    await follower.hasSaid('Third boat')
    assert.equal(follower.said.split('Third boat').length, 2, follower.said)
    assert.equal(follower.said.split(/snapshot|"cursor"/).length, 2, follower.said)
  })
}

test('the document of examples has every file of their folder', async () => {
  assert.deepEqual((await readdir(examplesFolder)).toSorted(), examples.map(({ file }) => file).toSorted())
})

function lackOf({ tool: [command, version] }: Language): string | false {
  return spawnSync(command, [version]).status === 0 ? false : `${command} is not on this machine`
}

async function run(folder: string, [command = '', ...args]: readonly string[], url: string): Promise<string> {
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, WIRECOPY: url, KEY: adminKey } })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  assert.equal(child.exitCode, 0, `${out}\n${err}`)
  return out
}

/** A program that follows until the test ends. */
class Follower {
  readonly #child: ChildProcess
  said = ''
  #heard: () => void = () => {}

  constructor(t: TestContext, folder: string, [command = '', ...args]: readonly string[], url: string) {
    // In a process group of its own: "go run" and sh do not pass a signal on to what they started.
    const child = spawn(command, args, { cwd: folder, env: { ...process.env, WIRECOPY: url }, detached: true })
    this.#child = child
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.said += chunk
      this.#heard()
    })
    child.stderr.resume()
    child.once('exit', () => this.#heard())
    t.after(async () => {
      if (child.exitCode !== null || child.pid === undefined) return
      const closed = once(child, 'close')
      process.kill(-child.pid, 'SIGKILL')
      await closed
    })
  }

  async hasSaid(what: string | RegExp): Promise<void> {
    while (typeof what === 'string' ? !this.said.includes(what) : !what.test(this.said)) {
      assert.equal(this.#child.exitCode, null, `it ended: ${this.said}`)
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }
}
