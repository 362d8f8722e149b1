import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const usage = `Usage: node scripts/build-client.ts [--out <folder>]

Builds the client library as ESM with its types: <folder>/client/index.js, and beside it <folder>/wire, the contract's
types. The folder is "dist" where none is given.`

const root = resolve(import.meta.dirname, '..')
const { values } = parseArgs({
  options: { out: { type: 'string', default: join(root, 'dist') }, help: { type: 'boolean', short: 'h' } },
})

if (values.help === true) console.log(usage)
else process.exitCode = await build(resolve(values.out))

async function build(out: string): Promise<number> {
  // A file that is no longer built must not stay in the package.
  for (const part of ['client', 'wire']) await rm(join(out, part), { recursive: true, force: true })
  const tsc = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')))
  const config = join(import.meta.dirname, 'client.tsconfig.json')
  const compiler = spawn(process.execPath, [tsc, '--project', config, '--outDir', out], { stdio: 'inherit' })
  const [code] = await once(compiler, 'exit')
  if (code === 0) console.log(`The client library is in ${relative(process.cwd(), join(out, 'client')) || '.'}.`)
  return typeof code === 'number' ? code : 1
}
