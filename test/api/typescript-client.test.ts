import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'node:test'
import { typescript } from '../../scripts/interop/openapi/kits.ts'
import { tryOut } from '../../scripts/interop/openapi/program.ts'
import { root } from '../../scripts/setup/prepare.js'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Newsroom } from '../helpers/newsroom.ts'
import { startServer, tempFolder } from '../helpers/server.ts'

// The clients in other languages need compilers and packages that not every machine has: npm run openapi.
test('the TypeScript client of docs/openapi.md is generated without a warning, compiles, publishes and edits', {
  timeout,
}, async (t) => {
  const server = await startServer(t)
  const place = await tempFolder()
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'))
  assert.deepEqual(await tryOut(typescript, place, server.url, server.adminKey), { warnings: [], fault: null })
  const types = readFileSync(join(place, 'wirecopy.d.ts'), 'utf8')
  for (const name of ['publishPost', 'editPost']) assert.match(types, new RegExp(`^ {4}${name}: \\{$`, 'm'))
  const [post, ...others] = await new Newsroom(server, 'from-typescript').walk()
  assert.ok(post?.status === 'published')
  assert.deepEqual([post.version, post.headline, post.tags, others], [2, 'Two boats reach the quay', ['rescue'], []])
})
