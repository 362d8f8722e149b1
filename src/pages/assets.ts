import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type BuildOptions, type BuildResult, build, stop } from 'esbuild'
import type { PageAssets } from './layout.ts'
import { bundleTargets } from './oldest-browsers.ts'

interface Asset {
  readonly type: string
  readonly content: Uint8Array
}

export interface Assets {
  readonly urls: PageAssets
  /** By name of file, such as `reader-4K2J5Q7A.js`. */
  readonly files: ReadonlyMap<string, Asset>
  /** Differs wherever the pages' code does: part of a page's ETag. */
  readonly revision: string
}

const folder = import.meta.dirname
const entries = {
  reader: 'reader/browser.ts',
  ops: 'ops/browser.ts',
  opsTicks: 'ops/ticks.browser.ts',
  style: 'style.css',
  icon: 'icon.svg',
}
const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

let made: Promise<Assets> | undefined

/** The bundles of this process, made once. Throws an Error that names what could not be bundled. */
export function loadAssets(): Promise<Assets> {
  made ??= makeAssets()
  return made
}

async function makeAssets(): Promise<Assets> {
  const result = await bundle()
  const files = new Map<string, Asset>()
  const urls: Record<string, string> = {}
  for (const { path, contents } of result.outputFiles) {
    const name = basename(path)
    files.set(name, { type: types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream', content: contents })
    urls[name.slice(0, name.lastIndexOf('-'))] = `/assets/${name}`
  }
  const { reader, ops, opsTicks, style, icon } = urls
  if (!reader || !ops || !opsTicks || !style || !icon) {
    throw new Error(`The pages' files could not be bundled: there are only ${[...files.keys()].join(', ')}`)
  }
  return { urls: { reader, ops, opsTicks, style, icon }, files, revision: await revisionOf([...files.keys()]) }
}

export const browserEntries = Object.entries(entries).map(([out, file]) => ({ out, in: join(folder, file) }))

export const bundling = {
  entryNames: '[name]-[hash]',
  outdir: join(folder, 'assets'),
  write: false,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: bundleTargets,
  legalComments: 'none',
  loader: { '.svg': 'copy' },
  logLevel: 'silent',
  // The project's own settings keep an import of types alone as an import of the module, for Node's type stripping.
  tsconfigRaw: {},
} satisfies BuildOptions & { write: false }

async function bundle(): Promise<BuildResult<{ write: false }>> {
  try {
    return await build({ ...bundling, entryPoints: browserEntries })
  } catch (error) {
    throw new Error(
      `The pages' files could not be bundled: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    )
  } finally {
    await stop()
  }
}

/** Over the names of the bundles, which have their hashes, and the sources of this folder, which render on the server. */
async function revisionOf(names: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const name of names.toSorted()) hash.update(name)
  const sources = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts')).toSorted()
  for (const source of sources) hash.update(await readFile(join(folder, source)))
  return hash.digest('base64url').slice(0, 12)
}
