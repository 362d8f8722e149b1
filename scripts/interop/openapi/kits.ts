import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture } from '../../setup/capture.js'
import { npmEnvironment } from '../../setup/modules.js'
import { root } from '../../setup/prepare.js'

/** What makes and runs a client in one language. Each step returns what its programs printed. */
export interface Kit {
  readonly language: string
  readonly generator: string
  /** Prints the version of the language; the machine lacks the language if it can't be run. */
  readonly version: readonly [command: string, ...args: string[]]
  /** The language of the program's block in docs/openapi.md, and the file that the program goes into. */
  readonly block: string
  readonly file: string
  /** Brings the generator to the folder, unless it is there. */
  readonly install: (place: string) => Promise<void>
  /** Makes the client out of `openapi.json` in the folder, which has nothing of an earlier client. */
  readonly generate: (place: string) => Promise<string>
  readonly compile: (place: string) => Promise<string>
  readonly run: (place: string, env: NodeJS.ProcessEnv) => Promise<string>
  /** What the generator warns of whatever the document is like: nothing in the document could be mended. */
  readonly ownWarnings?: readonly RegExp[]
}

interface Options {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
}

async function ran(options: Options, command: string, ...args: readonly string[]): Promise<string> {
  const { code, output } = await capture(command, args, options)
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${output}`)
  return output
}

const node = process.execPath
const modules = join(root, 'node_modules')
/** openapi-typescript writes by the API that TypeScript had up to version 5, and imports it as `typescript`. */
const withTypescript5 = `data:text/javascript,${encodeURIComponent(
  `import { registerHooks } from 'node:module'
registerHooks({ resolve: (name, context, next) => next(name === 'typescript' ? 'typescript-5.0' : name, context) })`,
)}`

export const typescript: Kit = {
  language: 'TypeScript',
  generator: 'openapi-typescript 7.13.0',
  version: [node, join(modules, 'typescript', 'bin', 'tsc'), '--version'],
  block: 'ts',
  file: 'client.ts',
  install: async () => undefined,
  generate: (place) => {
    const generator = join(modules, 'openapi-typescript', 'bin', 'cli.js')
    const env = { ...process.env, NO_COLOR: '1' }
    return ran(
      { cwd: root, env },
      node,
      '--import',
      withTypescript5,
      generator,
      `${place}/openapi.json`,
      '-o',
      `${place}/wirecopy.d.ts`,
    )
  },
  compile: async (place) => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2024',
      types: ['node'],
      typeRoots: [join(modules, '@types')],
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      allowImportingTsExtensions: true,
    }
    writeFileSync(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['client.ts'] }))
    writeFileSync(join(place, 'package.json'), '{ "type": "module" }')
    return await ran({ cwd: place }, node, join(modules, 'typescript', 'bin', 'tsc'), '-p', '.')
  },
  run: (place, env) => ran({ cwd: place, env }, node, 'client.ts'),
}

const python: Kit = {
  language: 'Python',
  generator: 'openapi-python-client 0.29.1',
  version: ['python3', '--version'],
  block: 'python',
  file: 'client.py',
  install: async (place) => {
    await ran({ cwd: place }, 'python3', '-m', 'venv', 'venv')
    const packages = ['openapi-python-client==0.29.1', 'mypy==1.18.2']
    await ran({ cwd: place }, 'venv/bin/pip', 'install', '--quiet', '--disable-pip-version-check', ...packages)
  },
  generate: (place) => {
    const env = { ...process.env, PATH: `${place}/venv/bin:${process.env['PATH']}` }
    const args = ['generate', '--path', 'openapi.json', '--output-path', 'client', '--fail-on-warning']
    return ran({ cwd: place, env }, 'venv/bin/openapi-python-client', ...args)
  },
  compile: (place) =>
    ran({ cwd: place, env: { ...process.env, MYPYPATH: 'client' } }, 'venv/bin/mypy', '--strict', 'client.py'),
  run: (place, env) => ran({ cwd: place, env: { ...env, PYTHONPATH: 'client' } }, 'venv/bin/python', 'client.py'),
}

const oapiCodegen = 'v2.8.2'
const go: Kit = {
  language: 'Go',
  generator: `oapi-codegen ${oapiCodegen}`,
  version: ['go', 'version'],
  block: 'go',
  file: 'main.go',
  install: async (place) => {
    const tool = `github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@${oapiCodegen}`
    await ran({ cwd: place, env: goEnvironment(place) }, 'go', 'install', tool)
  },
  generate: async (place) => {
    mkdirSync(join(place, 'wirecopy'), { recursive: true })
    const args = ['-generate', 'types,client', '-package', 'wirecopy', '-o', 'wirecopy/wirecopy.go', 'openapi.json']
    return await ran({ cwd: place }, join(place, 'path', 'bin', 'oapi-codegen'), ...args)
  },
  compile: async (place) => {
    const options = { cwd: place, env: goEnvironment(place) }
    writeFileSync(join(place, 'go.mod'), 'module example.org/newsroom\n\ngo 1.24\n')
    await ran(options, 'go', 'mod', 'tidy')
    return (await ran(options, 'go', 'vet', './...')) + (await ran(options, 'go', 'build', '-o', 'client', '.'))
  },
  run: (place, env) => ran({ cwd: place, env }, './client'),
}

/** Modules that can't be written to can't be removed either. */
function goEnvironment(place: string): NodeJS.ProcessEnv {
  return { ...process.env, GOPATH: join(place, 'path'), GOCACHE: join(place, 'cache'), GOFLAGS: '-modcacherw' }
}

const openapiGenerator = '7.25.0'
const java: Kit = {
  language: 'Java',
  generator: `openapi-generator ${openapiGenerator}`,
  version: ['javac', '-version'],
  block: 'java',
  file: 'Newsroom.java',
  install: async (place) => {
    const artifact = `org.openapitools:openapi-generator-cli:${openapiGenerator}`
    await ran({ cwd: place }, 'mvn', '-q', '-B', repositoryIn(place), 'dependency:get', `-Dartifact=${artifact}`)
  },
  generate: (place) => {
    const folder = `org/openapitools/openapi-generator-cli/${openapiGenerator}`
    const jar = join(place, 'repository', folder, `openapi-generator-cli-${openapiGenerator}.jar`)
    const properties =
      'library=native,invokerPackage=org.example.wirecopy,apiPackage=org.example.wirecopy,modelPackage=org.example.wirecopy'
    const args = ['-i', 'openapi.json', '-g', 'java', '-o', 'client', `--additional-properties=${properties}`]
    return ran({ cwd: place }, 'java', '-jar', jar, 'generate', ...args)
  },
  compile: async (place) => {
    const cwd = join(place, 'client')
    copyFileSync(join(place, 'Newsroom.java'), join(cwd, 'src', 'main', 'java', 'Newsroom.java'))
    const goals = ['compile', 'dependency:build-classpath', '-Dmdep.outputFile=classpath']
    return await ran({ cwd }, 'mvn', '-q', '-B', repositoryIn(place), ...goals)
  },
  ownWarnings: [
    /OpenAPI 3\.1 support is still in beta/,
    // It takes the name of what `additionalProperties` refers to, which is `false` in requests and refers to nothing.
    /Failed to get the schema name: null/,
  ],
  run: (place, env) =>
    ran({ cwd: join(place, 'client'), env }, 'sh', '-c', 'exec java -cp "target/classes:$(cat classpath)" Newsroom'),
}

function repositoryIn(place: string): string {
  return `-Dmaven.repo.local=${join(place, 'repository')}`
}

export const kits: readonly Kit[] = [typescript, python, go, java]

/** The version of the language on this machine; null if the machine lacks it. */
export async function versionOf({ version: [command, ...args] }: Kit): Promise<string | null> {
  const output = await ran({ cwd: root, env: npmEnvironment(node) }, command, ...args).catch(() => null)
  return output === null ? null : (/\d+(?:\.\d+)+/.exec(output)?.[0] ?? null)
}

/** The folder of a kit, with the generator in it and nothing of an earlier client. */
export async function prepared(kit: Kit): Promise<string> {
  const place = join(root, '.toolchain', 'openapi', kit.language.toLowerCase())
  const stamp = join(place, `${kit.generator.replaceAll(' ', '-')}.installed`)
  if (!existsSync(stamp)) {
    rmSync(place, { recursive: true, force: true })
    mkdirSync(place, { recursive: true })
    await kit.install(place)
    writeFileSync(stamp, '')
  }
  for (const made of ['client', 'wirecopy', 'wirecopy.d.ts', 'go.mod', 'go.sum']) {
    rmSync(join(place, made), { recursive: true, force: true })
  }
  return place
}
