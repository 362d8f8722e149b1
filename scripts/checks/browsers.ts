/** Holds the code for browsers to the oldest that the README names: esbuild its syntax, this its APIs. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { parseSync } from 'oxc-parser'
import { browserEntries, bundling } from '../../src/pages/assets.ts'
import { oldestBrowsers } from '../../src/pages/oldest-browsers.ts'
import { findUses, membersDefinedIn } from './browser-apis.ts'
import { Compat, oldestByMdnNames, readCompatData } from './compat.ts'
import type { SyntaxNode } from './syntax.ts'

const webTransport = 'only WebTransport is read and written by it, which the client never opens'

const ofSegmenter = 'src/wire/cut.ts asks whether there is a segmenter, and only a segmenter has it'

/** What is used though a browser lacks it, and why that is right: APIs, and files. */
const allowed: Readonly<Record<string, string>> = {
  'node_modules/engine.io-client/build/esm/transports/webtransport.js': webTransport,
  TransformStream: webTransport,
  '.setBigUint64': webTransport,
  '.segment': ofSegmenter,
  '.containing': ofSegmenter,
  'preventScroll of focus()': "older Safari scrolls to what has the focus; the reader's place is restored right after",
}

const client = join(import.meta.dirname, '../../src/client/index.ts')

/** The code that runs in browsers, as it is served, but with its names and the paths of its files. */
async function bundles(): Promise<string[]> {
  const entryPoints = [...browserEntries, { out: 'client', in: client }]
  const { outputFiles } = await build({ ...bundling, entryPoints, minify: false, splitting: false })
  return outputFiles.filter(({ path }) => path.endsWith('.js')).map(({ text }) => text)
}

/** The file from which this part of the bundle came: esbuild names it in a comment before the part. */
function fileAt(text: string, offset: number): string {
  const named = text
    .slice(0, offset)
    .split('\n')
    .findLast((line) => /^ *\/\/ \S+\.[jt]s$/.test(line))
  return named?.trim().slice('// '.length) ?? 'the bundle'
}

/** The names of all that the protocol's shapes have: no name of theirs is an API. */
function fieldsOfProtocol(): Set<string> {
  const programs = globSync('src/wire/*.ts').map((path) => parseSync(path, readFileSync(path, 'utf8')).program)
  return new Set(programs.flatMap((program) => [...membersDefinedIn(program as unknown as SyntaxNode)]))
}

/** One sentence for each fault. */
async function findFaults(): Promise<string[]> {
  const compat = new Compat(readCompatData(), oldestByMdnNames(oldestBrowsers))
  const fields = fieldsOfProtocol()
  const faults = new Set<string>()
  const met = new Set<string>()
  for (const text of await bundles()) {
    for (const { api, why, offset } of findUses(text, compat, fields)) {
      const file = fileAt(text, offset)
      const reasons = [api, file].filter((one) => one in allowed)
      for (const one of reasons) met.add(one)
      if (reasons.length === 0) faults.add(`${file} uses ${api}, which ${why}, and does not ask first`)
    }
  }
  const unmet = Object.keys(allowed).filter((one) => !met.has(one))
  return [...faults, ...unmet.map((one) => `scripts/checks/browsers.ts allows ${one}, for which there is no need`)]
}

if (import.meta.main) {
  const faults = await findFaults()
  for (const fault of faults) console.error(fault)
  process.exitCode = faults.length === 0 ? 0 : 1
}
