import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Newsroom } from '../browser/newsroom.ts'
import { startServer, tempFolder } from '../helpers/server.ts'

const root = resolve(import.meta.dirname, '../..')

async function run(folder: string, ...args: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await once(child, 'exit')
  return { code, said: (await said).join('') }
}

/** The library as it is published, in a folder from which its dependencies are found. */
async function built(): Promise<string> {
  const folder = await tempFolder()
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir')
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const { code, said } = await run(root, 'scripts/build-client.ts', '--out', folder)
  assert.equal(code, 0, said)
  return folder
}

const program = `
import { allTransports, follow } from './client/index.js'
for (const transport of allTransports) {
  await new Promise((resolve) => {
    const feed = follow(process.env.URL, 'harbour', {
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
`

const typed = `
import { type Feed, follow, type Post } from './client/index.js'
export const feed: Feed = follow('https://news.example', 'harbour', { onBatch: ({ changes }) => changes.length })
export const posts: readonly Post[] = feed.posts
// @ts-expect-error There is no such transport, which shows that the types are there.
follow('https://news.example', 'harbour', { transports: ['pigeon'] })
// @ts-expect-error A post is a post.
export const headline: number = feed.posts[0]
`

test('built, the library runs in plain Node, and a closed feed lets the process end', { timeout }, async (t) => {
  const folder = await built()
  const server = await startServer(t)
  const newsroom = new Newsroom(server, 'harbour')
  await newsroom.open()
  await newsroom.publish({ headline: 'Seen' })
  await writeFile(join(folder, 'program.js'), program.replace('process.env.URL', JSON.stringify(server.url)))
  const { code, said } = await run(folder, '--no-experimental-strip-types', 'program.js')
  assert.equal(code, 0, said)
  assert.deepEqual(said.trim().split('\n'), ['socket Seen', 'sse Seen', 'poll Seen'])
})

test('built, the library has its types, and brings no validator into a bundle', { timeout }, async () => {
  const folder = await built()
  await writeFile(join(folder, 'app.ts'), typed)
  const config = { compilerOptions: { strict: true, noEmit: true, module: 'nodenext', types: [], skipLibCheck: false } }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ ...config, files: ['app.ts'] }))
  const checked = await run(folder, join(root, 'node_modules/typescript/bin/tsc'), '--project', folder)
  assert.equal(checked.code, 0, checked.said)

  const { build } = await import('esbuild')
  const bundle = await build({
    entryPoints: [join(folder, 'client/index.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    metafile: true,
  })
  const inputs = Object.keys(bundle.metafile.inputs)
  assert.ok(inputs.some((path) => path.endsWith('client/live-feed.js')))
  assert.deepEqual(
    inputs.filter((path) => path.includes('/zod/')),
    [],
  )
})
