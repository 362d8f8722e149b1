import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findBreaches } from '../../scripts/checks/imports.ts'

function breachesOf(files: Record<string, string>): string[] {
  return findBreaches(new Map(Object.entries(files)))
}

const allowed: readonly (readonly [path: string, text: string])[] = [
  ['src/log/write.ts', `import { Post } from '../wire/post.ts'`],
  ['src/log/write.ts', `import { CodedError } from '../errors.ts'`],
  ['src/log/write.ts', `import type { Config } from '../config.ts'`],
  ['src/log/write.ts', `let config: import('../config.ts').Config`],
  ['src/log/write.ts', `import './keys.ts'`],
  ['src/feed/follow.ts', `import { tail } from '../log/tail.ts'; import { Server } from 'socket.io'`],
  ['src/errors.ts', `import type { Problem } from './wire/problem.ts'`],
  ['src/client/follow.ts', `import { parseCursor } from '../wire/cursor.ts'`],
  ['src/pages/reader/browser.ts', `import { follow } from '../../client/index.ts'`],
  ['src/pages/reader/page.ts', `import { readFile } from 'node:fs/promises'`],
  [
    'src/app.ts',
    `import './api/posts.ts'; import './feed/fanout.ts'; import './pages/pages.ts'; import './ops/health.ts'`,
  ],
  ['src/main.ts', `import { serve } from './serve.ts'; import { readConfig } from './config.ts'`],
  ['src/serve.ts', `import { Workers } from './workers/primary.ts'; await import('./app.ts')`],
]

for (const [path, text] of allowed) {
  test(`an import along the design passes: ${path}: ${text}`, () => {
    assert.deepEqual(breachesOf({ [path]: text }), [])
  })
}

const refused: readonly (readonly [path: string, text: string, said: RegExp])[] = [
  ['src/wire/post.ts', `import { x } from '../errors.ts'`, /wire may not import errors/],
  ['src/wire/post.ts', `import type { Log } from '../log/log.ts'`, /wire may not import log/],
  ['src/errors.ts', `import { x } from './log/log.ts'`, /errors may not import log/],
  ['src/config.ts', `import { x } from './log/log.ts'`, /config may not import log/],
  ['src/log/write.ts', `import { readConfig } from '../config.ts'`, /only types/],
  ['src/log/write.ts', `import { type Config } from '../config.ts'`, /only types/],
  ['src/log/write.ts', `export { readConfig } from '../config.ts'`, /only types/],
  ['src/log/write.ts', `import { x } from '../feed/follow.ts'`, /log may not import feed/],
  ['src/feed/follow.ts', `import { x } from '../api/posts.ts'`, /feed may not import api/],
  ['src/feed/follow.ts', `import type { X } from '../api/posts.ts'`, /feed may not import api/],
  ['src/feed/follow.ts', `export * from '../ops/health.ts'`, /feed may not import ops/],
  ['src/api/posts.ts', `export type { X } from '../feed/follow.ts'`, /api may not import feed/],
  ['src/api/posts.ts', `const x = await import('../ops/health.ts')`, /api may not import ops/],
  ['src/ops/health.ts', `let x: import('../api/posts.ts').X`, /ops may not import api/],
  ['src/ops/health.ts', `import '../feed/follow.ts'`, /ops may not import feed/],
  ['src/client/follow.ts', `import { x } from '../errors.ts'`, /client may not import errors/],
  ['src/client/follow.ts', `import { x } from '../pages/html.ts'`, /client may not import pages/],
  ['src/pages/page.ts', `import type { Log } from '../log/log.ts'`, /pages may not import log/],
  ['src/pages/page.ts', `import { x } from '../feed/follow.ts'`, /pages may not import feed/],
  ['src/pages/page.ts', `import { x } from '../api/posts.ts'`, /pages may not import api/],
  ['src/pages/page.ts', `import { x } from '../ops/health.ts'`, /pages may not import ops/],
  ['src/app.ts', `import { x } from './main.ts'`, /app may not import main/],
  ['src/main.ts', `import { x } from './log/log.ts'`, /main may not import log/],
  ['src/workers/primary.ts', `import { x } from '../feed/sockets.ts'`, /workers may not import feed/],
  ['src/feed/sockets.ts', `import { x } from '../workers/place.ts'`, /feed may not import workers/],
  ['src/api/posts.ts', `import { x } from '../../test/helpers/server.ts'`, /not in src/],
  ['src/api/posts.ts', `import { x } from '../../scripts/demo.ts'`, /not in src/],
  ['src/api/posts.ts', `const x = await import(process.argv[2])`, /computed name/],
  ['src/common.ts', `export const x = 1`, /no module of the design/],
  ['src/api/posts.ts', `import from from from`, /can not be parsed/],
]

for (const [path, text, said] of refused) {
  test(`an import against the design is found: ${path}: ${text}`, () => {
    const breaches = breachesOf({ [path]: text })
    assert.equal(breaches.length, 1, breaches.join('\n'))
    assert.match(breaches.join('\n'), said)
  })
}

test('code for browsers may not import a module of Node, itself or by what it imports', () => {
  const files = {
    'src/wire/cursor.ts': `import { Buffer } from 'buffer'`,
    'src/pages/reader/browser.ts': `import { html } from '../html.ts'; import type { Stats } from 'node:fs'`,
    'src/pages/html.ts': `import { hash } from 'node:crypto'`,
    'src/pages/assets.ts': `import { readFile } from 'node:fs/promises'`,
  }
  assert.deepEqual(breachesOf(files), [
    'src/wire/cursor.ts runs in a browser, but imports buffer',
    'src/pages/html.ts runs in a browser, but imports node:crypto',
  ])
})

test('what looks like an import in a comment or a text is none', () => {
  assert.deepEqual(
    breachesOf({ 'src/wire/a.ts': `// import '../log/log.ts'\nexport const a = "import('../log/log.ts')"` }),
    [],
  )
})
