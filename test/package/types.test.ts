import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { node, projectWithClient, root, write } from './project.ts'

/** The oldest compiler that is promised, and the newest. */
const compilers = {
  'TypeScript 5.0': fileURLToPath(import.meta.resolve('typescript-5.0/lib/tsc.js')),
  'today’s TypeScript': fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json'))),
} as const

const program = `
import { allTransports, applyBatch, type Feed, FeedError, follow, type Post, type Snapshot, startFrom } from 'wirecopy-client'

const feed: Feed = follow('https://live.example', 'harbour-fire', {
  transports: allTransports,
  onBatch: ({ changes }) => {
    for (const change of changes) {
      if (change.type === 'channel.updated') console.log(change.channel.title.length)
      else console.log(textOf(change.post))
    }
  },
  onError: ({ code, detail, retryAfterMs }) => console.log(code.length, detail.length, retryAfterMs),
})

function textOf(post: Post): string {
  if (post.status === 'retracted') return post.retraction.reason
  const [author] = post.authors
  return [post.headline ?? '', author?.name ?? '', post.body.text, ...post.corrections.map(({ text }) => text)].join()
}

export function again(snapshot: Snapshot): string {
  const outcome = applyBatch(startFrom(snapshot), { channel: 'a', epoch: 'e', from: 0, to: 1, changes: [] })
  return outcome.kind === 'applied' ? outcome.state.epoch : outcome.kind
}

feed.loadOlder().catch((error: unknown) => error instanceof FeedError && error.problem.code.length)
// @ts-expect-error There is no such transport: the types are there, and are not "any".
follow('https://live.example', 'harbour-fire', { transports: ['pigeon'] })
// @ts-expect-error A post is not a number.
export const wrong: number = feed.posts[0]
// @ts-expect-error A retracted post has no body.
export const gone = (post: Post & { status: 'retracted' }) => post.body
`

const resolutions = [
  { moduleResolution: 'bundler', module: 'esnext', files: ['program.ts'] },
  { moduleResolution: 'node16', module: 'node16', files: ['program.mts', 'program.cts'] },
  { moduleResolution: 'nodenext', module: 'nodenext', files: ['program.mts', 'program.cts'] },
]

for (const [name, compiler] of Object.entries(compilers)) {
  for (const { files, ...options } of resolutions) {
    test(`${name} takes the package's types with ${options.moduleResolution}`, { timeout }, async () => {
      const project = await projectWithClient()
      const compilerOptions = {
        ...options,
        target: 'es2022',
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: false,
        noEmit: true,
        types: [],
      }
      const folder = await write(join(project, `types ${name} ${options.moduleResolution}`), {
        'package.json': '{}',
        'tsconfig.json': JSON.stringify({ compilerOptions, files }),
        ...Object.fromEntries(files.map((file) => [file, program])),
      })
      await node(folder, compiler, '--project', folder)
    })
  }
}

/** Types whose values come from the server. */
const names = ['Batch', 'Change', 'Channel', 'Page', 'Post', 'Problem', 'Snapshot'] as const

/** Brands are in the source alone, so its values fit the package's types, and only the names of fields are held both ways. */
const comparison = `
import type * as packaged from 'wirecopy-client'
import type * as source from ${JSON.stringify(join(root, 'src/client/index.ts'))}

/** Without the fields that have no names, as a problem may have more of. */
type Named<T> = { [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K] }
type KeyOf<T> = T extends unknown ? keyof Named<T> : never
type OptionalIn<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T]
type OptionalOf<T> = T extends unknown ? OptionalIn<Named<T>> : never
${names
  .map(
    (name) => `
export const to${name} = (value: source.${name}): packaged.${name} => value
export const keys${name} = (name: KeyOf<packaged.${name}>): KeyOf<source.${name}> => name
export const missing${name} = (name: KeyOf<source.${name}>): KeyOf<packaged.${name}> => name
export const optional${name} = (name: OptionalOf<packaged.${name}>): OptionalOf<source.${name}> => name
export const required${name} = (name: OptionalOf<source.${name}>): OptionalOf<packaged.${name}> => name`,
  )
  .join('\n')}
`

test('the types are those of the source', { timeout }, async () => {
  const project = await projectWithClient()
  const folder = await write(join(project, 'same'), {
    'program.ts': comparison,
    'package.json': '{ "type": "module" }',
    'tsconfig.json': JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { types: [] },
      include: [],
      files: ['program.ts'],
    }),
  })
  await node(folder, compilers['today’s TypeScript'], '--project', folder)
})

test('the types stand alone, and keep the comments of the fields', { timeout }, async () => {
  const folder = join(await projectWithClient(), 'node_modules/wirecopy-client')
  const types = await readFile(join(folder, 'index.d.ts'), 'utf8')
  assert.doesNotMatch(types, /\b(zod|import|brand|any)\b/)
  assert.match(types, /\/\*\* 1, 2, 3 …: one more with each change of the post\. .*\n +version: number\n/)
  assert.match(types, /\/\*\* A channel as it stands, kept up to date until it is closed\. \*\/\ninterface Feed /)
  assert.equal(await readFile(join(folder, 'index.d.cts'), 'utf8'), types)
})
