import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'

/** Where a module stands in the order of the layers: what it may import of ours, whole or its types only. */
interface Layer {
  readonly imports: readonly string[]
  readonly typesOf?: readonly string[]
}

/** The arrows of the design. A module is a folder of src or a file beside them; each may import itself. */
const layers: Readonly<Record<string, Layer>> = {
  wire: { imports: [] },
  errors: { imports: ['wire'] },
  connections: { imports: [] },
  http: { imports: ['wire', 'connections', 'api'], typesOf: ['config', 'feed'] },
  'metrics-server': { imports: ['connections', 'api', 'ops', 'http'], typesOf: ['config'] },
  config: { imports: ['wire', 'connections'] },
  client: { imports: ['wire'] },
  'private-files': { imports: [] },
  'admin-key': { imports: ['private-files'] },
  'repeated-lines': { imports: ['wire'] },
  logger: { imports: ['repeated-lines'] },
  log: { imports: ['wire', 'errors', 'private-files'], typesOf: ['config'] },
  feed: { imports: ['wire', 'errors', 'connections', 'log'], typesOf: ['config'] },
  api: { imports: ['wire', 'errors', 'connections', 'log'], typesOf: ['config'] },
  ops: { imports: ['wire', 'errors', 'log'], typesOf: ['config'] },
  pages: { imports: ['wire', 'errors', 'client'] },
  prepare: { imports: ['admin-key', 'log'], typesOf: ['config'] },
  workers: { imports: [] },
  app: {
    imports: [
      'wire',
      'errors',
      'config',
      'connections',
      'http',
      'metrics-server',
      'prepare',
      'log',
      'feed',
      'api',
      'ops',
      'pages',
      'client',
      'workers',
    ],
  },
  serve: { imports: ['prepare', 'app', 'workers'], typesOf: ['config'] },
  worker: { imports: ['config', 'logger', 'app', 'workers'] },
  main: { imports: ['admin-key', 'config', 'logger', 'serve'] },
}

/** Modules all of whose code must run in a browser. Of pages, only what stands in a file or folder named so. */
const forBrowsers = ['wire', 'client']
const browserPart = /(^|[./])browser([./]|$)/

interface Import {
  /** Null where the name is computed, so that nobody can tell what is imported. */
  readonly name: string | null
  /** True where nothing is loaded at run time. */
  readonly typeOnly: boolean
}

/**
 * Finds the imports that go against the design. `files` maps paths such as `src/log/read.ts` to their text.
 * Returns one sentence for each breach.
 */
export function findBreaches(files: ReadonlyMap<string, string>): string[] {
  const imports = new Map<string, Import[]>()
  const breaches: string[] = []
  for (const [path, text] of files) {
    const { program, errors } = parseSync(path, text)
    for (const error of errors) breaches.push(`${path} can not be parsed: ${error.message}`)
    imports.set(path, importsOf(program))
    if (layers[moduleOf(path)] === undefined) {
      breaches.push(`${path} belongs to no module of the design: add "${moduleOf(path)}" to scripts/checks/imports.ts`)
    }
  }
  for (const [path, found] of imports) {
    for (const item of found) {
      const breach = breachOf(path, item)
      if (breach !== null) breaches.push(`${path} ${breach}`)
    }
  }
  return [...breaches, ...browserBreaches(imports)]
}

function importsOf(program: ReturnType<typeof parseSync>['program']): Import[] {
  const found: Import[] = []
  const add = (name: string | null, typeOnly: boolean): void => {
    found.push({ name, typeOnly })
  }
  new Visitor({
    // `import { type A }` still loads the module: only `import type` is left out at run time.
    ImportDeclaration: (node) => add(node.source.value, node.importKind === 'type'),
    ExportAllDeclaration: (node) => add(node.source.value, node.exportKind === 'type'),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) add(node.source.value, node.exportKind === 'type')
    },
    TSImportType: (node) => add(node.source.value, true),
    ImportExpression: (node) => {
      const named = node.source.type === 'Literal' ? node.source.value : null
      add(typeof named === 'string' ? named : null, false)
    },
  }).visit(program)
  return found
}

function breachOf(path: string, { name, typeOnly }: Import): string | null {
  const from = moduleOf(path)
  const layer = layers[from]
  if (layer === undefined) return null
  if (name === null) return 'imports a computed name, which no check can follow'
  const target = targetOf(path, name)
  if (target === null) return null
  if (!target.startsWith('src/')) return `imports ${target}, which is not in src`
  const to = moduleOf(target)
  if (to === from || layer.imports.includes(to)) return null
  if (layer.typesOf?.includes(to)) return typeOnly ? null : `imports values of ${to}, of which it may have only types`
  return `imports ${target}, but ${from} may not import ${to}`
}

/** Browser code must not reach a module of Node, itself or by what it imports. */
function browserBreaches(imports: ReadonlyMap<string, readonly Import[]>): string[] {
  const roots = [...imports.keys()].filter((path) => {
    const name = moduleOf(path)
    return forBrowsers.includes(name) || (name === 'pages' && browserPart.test(path))
  })
  const reached = new Set(roots)
  const breaches: string[] = []
  for (const path of reached) {
    for (const { name, typeOnly } of imports.get(path) ?? []) {
      if (name === null || typeOnly) continue
      if (isBuiltin(name)) breaches.push(`${path} runs in a browser, but imports ${name}`)
      const target = targetOf(path, name)
      if (target !== null) reached.add(target)
    }
  }
  return breaches
}

/** `src/log/read.ts` and `src/log.ts` are both of the module `log`. */
function moduleOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.[a-z]+$/, '')
}

/** The path of what is imported, from the repository's root; null for packages and for modules of Node. */
function targetOf(path: string, name: string): string | null {
  return name.startsWith('.') ? posix.join(posix.dirname(path), name) : null
}

if (import.meta.main) {
  const paths = globSync('src/**/*.{ts,tsx,js,mjs,cjs}').map((path) => path.replaceAll('\\', '/'))
  const breaches = findBreaches(new Map(paths.map((path) => [path, readFileSync(path, 'utf8')])))
  for (const breach of breaches) console.error(breach)
  process.exitCode = breaches.length === 0 ? 0 : 1
}
