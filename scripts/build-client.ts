import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type BuildOptions, build } from 'esbuild'
import { bundleTargets } from '../src/pages/oldest-browsers.ts'
import { bundleDeclarations } from './client/declarations.ts'
import { licensesOf } from './client/licenses.ts'
import { clientManifest, type ServerManifest } from './client/manifest.ts'
import { npmEnvironment } from './setup/modules.js'

const usage = `Usage: npm run client [-- --out <folder>]

Makes the package of the client library, wirecopy-client: its files in <folder>/client, and <folder>/wirecopy-client-<version>.tgz,
which npm install takes. The folder is "dist" if none is given.`

const root = resolve(import.meta.dirname, '..')
const entry = join(root, 'src/client/index.ts')
const bundling = {
  entryPoints: [entry],
  absWorkingDir: root,
  bundle: true,
  target: 'es2022',
  logLevel: 'warning',
  // The project's own settings keep an import of types alone as an import of the module, for Node's type stripping.
  tsconfigRaw: {},
} satisfies BuildOptions

const { values } = parseArgs({
  options: { out: { type: 'string', default: join(root, 'dist') }, help: { type: 'boolean', short: 'h' } },
})

if (values.help === true) console.log(usage)
else await makePackage(resolve(values.out))

async function makePackage(out: string): Promise<void> {
  const folder = join(out, 'client')
  // A file that is no longer made must not stay in the package.
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const server: ServerManifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const manifest = clientManifest(server)
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  await copyFile(join(root, 'src/client/README.md'), join(folder, 'README.md'))

  await writeModules(folder)
  await writeScript(
    folder,
    `/*! ${manifest.name} ${manifest.version} (${manifest.license}). Licences: wirecopy.js.LICENSES.txt */`,
  )
  const types = await declarations()
  for (const name of ['index.d.ts', 'index.d.cts']) await writeFile(join(folder, name), types)

  await run('npm', ['pack', '--silent', '--pack-destination', out], folder)
  const tarball = join(out, `${manifest.name}-${manifest.version}.tgz`)
  console.log(`The client library is in ${here(folder)}. To use it elsewhere: npm install ${tarball}`)
}

/** The library as a module of either kind. Its dependency is installed with it. */
async function writeModules(folder: string): Promise<void> {
  const external = ['socket.io-client']
  await build({ ...bundling, external, platform: 'neutral', format: 'esm', outfile: join(folder, 'index.js') })
  await build({ ...bundling, external, platform: 'node', format: 'cjs', outfile: join(folder, 'index.cjs') })
}

/** The library for a page without a bundler, with all that it needs. */
async function writeScript(folder: string, banner: string): Promise<void> {
  const { metafile } = await build({
    ...bundling,
    // Nobody translates it on its way to the browser, as a bundler does with the modules.
    target: bundleTargets,
    platform: 'browser',
    format: 'iife',
    globalName: 'wirecopy',
    minify: true,
    metafile: true,
    banner: { js: banner },
    outfile: join(folder, 'wirecopy.js'),
  })
  await writeFile(join(folder, 'wirecopy.js.LICENSES.txt'), licensesOf(root, Object.keys(metafile.inputs)))
}

async function declarations(): Promise<string> {
  const emitted = await mkdtemp(join(tmpdir(), 'wirecopy-client-'))
  try {
    const config = join(import.meta.dirname, 'client.tsconfig.json')
    const tsc = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')))
    await run(process.execPath, [tsc, '--project', config, '--outDir', emitted], root)
    return bundleDeclarations({ emitted, source: join(root, 'src'), config, entry: 'client/index.ts' })
  } finally {
    await rm(emitted, { recursive: true, force: true })
  }
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const child = spawn(command, args, { cwd, env: npmEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (child.exitCode !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${child.exitCode}:\n${out}${err}`)
}

function here(folder: string): string {
  return relative(process.cwd(), folder) || '.'
}
