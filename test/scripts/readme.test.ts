import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { documents, renewed } from '../../scripts/readme.ts'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { startServer, tempFolder } from '../helpers/server.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const readme = read('README.md')
const manifest = JSON.parse(read('package.json')) as Record<
  'dependencies' | 'devDependencies' | 'scripts',
  Record<string, string>
>

test('the tables that are made from the code are as the code is', () => {
  for (const path of documents) assert.equal(renewed(read(path)), read(path), `run "node scripts/readme.ts"`)
})

test('a table that is stale is made anew, and what stands around it stays', () => {
  const stale = readme.replace(/^\| `PORT` \|.*$/m, '| `PORT` | `1` | Old. |')
  assert.notEqual(stale, readme)
  assert.equal(renewed(stale), readme)
  assert.throws(() => renewed('<!-- colours: made by hand -->\n<!-- end of colours -->'), /"colours"/)
})

test('every file that the documents link to is there', () => {
  const written = [
    'README.md',
    'DESIGN.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'src/wire/PROTOCOL.md',
    'docs/clients.md',
  ]
  for (const path of written) {
    const links = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    for (const link of links.filter((target) => !/^(https?:|#)/.test(target))) {
      const [file = ''] = link.split('#')
      assert.ok(existsSync(join(root, dirname(path), file)), `${path} links to ${link}`)
    }
  }
})

test('the table of dependencies has every package, and none besides', () => {
  const table = sectionOf('Dependencies').match(/^\| `.*$/gm) ?? []
  const packages = table.map((row) => row.split('|')[1] ?? '').join()
  const named = [...packages.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
  const used = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  assert.deepEqual(named.toSorted(), used.toSorted())
})

test('every npm command of the documents is there', () => {
  for (const path of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md']) {
    for (const [, name = ''] of read(path).matchAll(/npm run ([a-z]+)/g)) assert.ok(manifest.scripts[name], name)
  }
})

test('the table of metrics has every metric of ours, and none besides', async (t) => {
  const server = await startServer(t)
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  const served = [...metrics.matchAll(/^# TYPE (wirecopy_\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`)
  const told = [...readme.matchAll(/^\| `(wirecopy_\w+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`)
  assert.deepEqual(told.toSorted(), served.toSorted())
})

/** What the followers have to have seen once the block with these words has run. */
const seenAfter: readonly (readonly [words: string, seen: string])[] = [
  ['first-boats', 'First boats reach the quay'],
  ['PATCH', 'Two boats reach the quay'],
  ['/retract', 'retracted'],
]

test('what the README says about publishing works as it is written', { timeout, skip: lackOf('curl') }, async (t) => {
  const folder = await tempFolder()
  const server = await startServer(t, { DATA_DIR: folder, ADMIN_KEY: '' })
  const terminal = new Terminal(t, join(folder, 'variables'))
  const [variables, ...blocks] = blocksOf('Publish, and see it')
  assert.match(variables?.code ?? '', /^export WIRECOPY=\S+\nexport KEY=\S+ \S+\n$/)
  const there = (variables?.code ?? '')
    .replace('http://localhost:3000', server.url)
    .replace('data/admin-key', join(folder, 'admin-key'))
  await terminal.run(there)

  const outputs: string[] = []
  const followers: Follower[] = []
  for (const { language, code } of blocks) {
    if (language === 'js' || code.startsWith('curl -sSN')) {
      followers.push(await terminal.follow(language, code))
      continue
    }
    const output = await terminal.run(code)
    // Only what reads the retracted post is refused.
    if (!code.includes('/retract')) assert.doesNotMatch(output, /urn:wirecopy:problem/, code)
    outputs.push(output)
    const [, seen] = seenAfter.find(([words]) => code.includes(words)) ?? []
    if (seen !== undefined) await Promise.all(followers.map((follower) => follower.hasSaid(seen)))
  }
  assert.equal(followers.length, 3)

  const [created, , first, edited, pinnedToGone, changes] = outputs
  assert.match(created ?? '', /^\{"id":"harbour-fire"/)
  assert.match(first ?? '', /"version":1,.*<strong>on the quay<\/strong>/)
  assert.match(edited ?? '', /"version":2,.*"corrections":\[\{"kind":"correction"/)
  assert.match(
    pinnedToGone ?? '',
    /"version":3,.*"pinned":true.*"version":4,.*"status":"retracted".*problem:retracted/s,
  )
  assert.match(changes ?? '', /"from":0,"to":4,"changes":\[\{"offset":4,[^[]*"type":"post\.retracted"[^[]*\]\}$/)
  assert.doesNotMatch(changes ?? '', /boats/)
})

test('the commands of the README use only what curl 7.68 has, and hide no answer', () => {
  const commands = readme.match(/^.*\bcurl\b(?:.*\\\n)*.*$/gm) ?? []
  const options = commands
    .filter((command) => command.includes('curl -'))
    .flatMap((command) => command.replaceAll(/"[^"]*"|'[^']*'/g, '').match(/(?<=\s)--?[A-Za-z-]+/g) ?? [])
  assert.ok(options.length > 20)
  const known = ['-sS', '-sSi', '-sSN', '-H', '-d', '-X']
  assert.deepEqual(
    options.filter((option) => !known.includes(option)),
    [],
  )
})

test('the commands of the README show why the server refuses them', { timeout, skip: lackOf('curl') }, async (t) => {
  const server = await startServer(t)
  const terminal = new Terminal(t, join(await tempFolder(), 'variables'))
  await terminal.run(`export WIRECOPY=${server.url}\nexport KEY=${'wrong'.repeat(5)}\nexport POST=$WIRECOPY/v1/none\n`)
  const [, ...blocks] = blocksOf('Publish, and see it')
  const asking = blocks.filter(({ language, code }) => language === 'sh' && /curl -sSi? /.test(code))
  assert.ok(asking.length >= 5)
  for (const { code } of asking) assert.match(await terminal.run(code), /urn:wirecopy:problem/, code)
})

function sectionOf(title: string): string {
  const [, section = ''] = new RegExp(`^## ${title}\n([\\s\\S]*?)(?=^## )`, 'm').exec(readme) ?? []
  assert.notEqual(section, '', title)
  return section
}

function blocksOf(title: string): { language: string; code: string }[] {
  return [...sectionOf(title).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    language,
    code,
  }))
}

function lackOf(command: string): string | false {
  return spawnSync(command, ['--version']).error === undefined ? false : `${command} is not on this machine`
}

/** Runs blocks of the README as somebody does who types them in, one after the other: variables stay. */
class Terminal {
  readonly #t: TestContext
  readonly #kept: string

  constructor(t: TestContext, kept: string) {
    this.#t = t
    this.#kept = kept
  }

  /** Gives what the block prints. Throws where a command of it fails. */
  async run(code: string): Promise<string> {
    const child = this.#spawn(`set -euo pipefail -a\n${code}\nexport -p > "$KEPT"`)
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    assert.equal(child.exitCode, 0, `${code}\n${out}\n${err}`)
    return out.trim()
  }

  /** Starts what does not end by itself, and waits until it follows. It is ended with the test. */
  async follow(language: string, code: string): Promise<Follower> {
    const child = this.#spawn(language === 'js' ? 'exec node --input-type=module -' : code)
    child.stdin.end(language === 'js' ? code : '')
    this.#t.after(() => endGroup(child))
    const follower = new Follower(child)
    await follower.hasSaid(/event: snapshot|starts with|live/)
    return follower
  }

  #spawn(script: string) {
    const whole = `if [ -e "$KEPT" ]; then source "$KEPT"; fi\n${script}`
    const path = [dirname(process.execPath), process.env['PATH']].join(delimiter)
    // In a process group of its own, since bash does not pass signals on.
    return spawn('bash', ['-c', whole], {
      cwd: root,
      env: { ...process.env, PATH: path, KEPT: this.#kept },
      detached: true,
    })
  }
}

class Follower {
  readonly #child: ChildProcess
  #said = ''
  #heard: () => void = () => {}

  constructor(child: ChildProcess) {
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.#said += chunk
        this.#heard()
      })
    }
    child.once('exit', () => this.#heard())
  }

  async hasSaid(what: string | RegExp): Promise<void> {
    while (typeof what === 'string' ? !this.#said.includes(what) : !what.test(this.#said)) {
      assert.equal(this.#child.exitCode, null, `it ended: ${this.#said}`)
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  process.kill(-child.pid, 'SIGTERM')
  await ended
}
