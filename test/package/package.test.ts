import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { build } from 'esbuild'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Newsroom } from '../browser/newsroom.ts'
import { startServer } from '../helpers/server.ts'
import { node, packagesOf, projectWithClient, root, run, write } from './project.ts'

/** What each kind of program does, once it has `follow` and `allTransports`. */
const body = (url: string) => `
async function main() {
  for (const transport of allTransports) {
    await new Promise((resolve) => {
      const feed = follow(${JSON.stringify(url)}, 'harbour', {
        transports: [transport],
        onState(state) {
          if (state !== 'live') return
          console.log(transport, feed.posts[0].headline)
          feed.close()
          resolve()
        },
      })
    })
  }
}
main()
`

const loads = {
  'an ES module': { file: 'program.mjs', load: "import { allTransports, follow } from 'wirecopy-client'" },
  CommonJS: { file: 'program.cjs', load: "const { allTransports, follow } = require('wirecopy-client')" },
  'an ES module that imports CommonJS': {
    file: 'program.mjs',
    load: "import { allTransports, follow } from './node_modules/wirecopy-client/index.cjs'",
  },
} as const

for (const [kind, { file, load }] of Object.entries(loads)) {
  test(`${kind} follows by each transport in Node, and a closed feed lets the process end`, { timeout }, async (t) => {
    const project = await projectWithClient()
    const server = await startServer(t)
    const newsroom = new Newsroom(server, 'harbour')
    await newsroom.open()
    await newsroom.publish({ headline: 'Seen' })
    await write(project, { [`${kind} ${file}`]: load + body(server.url) })
    const said = await node(project, '--no-experimental-strip-types', `${kind} ${file}`)
    assert.deepEqual(said.trim().split('\n'), ['socket Seen', 'sse Seen', 'poll Seen'])
  })
}

test('the package has the client alone, and npm installs nothing of the server with it', { timeout }, async () => {
  const project = await projectWithClient()
  const folder = join(project, 'node_modules/wirecopy-client')
  assert.deepEqual((await readdir(folder)).toSorted(), [
    'LICENSE',
    'README.md',
    'index.cjs',
    'index.d.cts',
    'index.d.ts',
    'index.js',
    'package.json',
    'wirecopy.js',
    'wirecopy.js.LICENSES.txt',
  ])
  const installed = await readdir(join(project, 'node_modules'))
  const scoped = await readdir(join(project, 'node_modules/@socket.io'))
  const names = [...installed.filter((name) => !/^[.@]/.test(name)), ...scoped.map((name) => `@socket.io/${name}`)]
  assert.deepEqual(names.toSorted(), [...packagesOf('socket.io-client'), 'wirecopy-client'].toSorted())

  const { version }: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const readme = await readFile(join(folder, 'README.md'), 'utf8')
  for (const text of [readme, await readFile(join(root, 'README.md'), 'utf8')]) {
    assert.ok(text.includes(`dist/wirecopy-client-${version}.tgz`), 'a README does not name the file that is made')
  }
  for (const [, target = ''] of readme.matchAll(/\]\(([^)\s]+)\)/g)) assert.match(target, /^(https:|#)/)
})

test('a bundle has only what it uses of the package’s own code', { timeout }, async () => {
  const project = await projectWithClient()
  const bundleOf = async (contents: string) => {
    const stdin = { contents, resolveDir: project }
    const { outputFiles } = await build({
      stdin,
      bundle: true,
      external: ['socket.io-client'],
      minify: true,
      format: 'esm',
      write: false,
      logLevel: 'silent',
    })
    return outputFiles[0]?.text ?? ''
  }
  assert.equal((await bundleOf("import 'wirecopy-client'")).trim(), '')
  const part = await bundleOf("import { readingOrder } from 'wirecopy-client'\nconsole.log(readingOrder)")
  assert.match(part, /pinned/)
  assert.doesNotMatch(part, /fetch\(|class/)
})

test('the script has the licences of the packages in it', { timeout }, async () => {
  const folder = join(await projectWithClient(), 'node_modules/wirecopy-client')
  const licenses = await readFile(join(folder, 'wirecopy.js.LICENSES.txt'), 'utf8')
  for (const name of ['socket.io-client', 'engine.io-client', 'socket.io-parser', '@socket.io/component-emitter']) {
    assert.match(licenses, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\\n\\n[^-]*MIT`, 'm'))
  }
  assert.match(await readFile(join(folder, 'wirecopy.js'), 'utf8'), /^\/\*! wirecopy-client [\d.]+ \(Apache-2\.0\)/)
})

test('the server makes no package, and says which command makes the one of the client', { timeout }, async () => {
  const { code, said } = await run(root, 'npm', 'pack', '--dry-run')
  assert.notEqual(code, 0)
  assert.match(said, /npm run client/)
})
